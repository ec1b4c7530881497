/** Keys in one vault, in both directions: the peer uses its own Key Vault client, and we use the option `keyVault`. */
import type { TestingModule } from '@nestjs/testing';
import { EncryptedBlobService, EncryptedQueueService, EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { InProcessVault } from '../../support/in-process-vault.js';
import { optionsOf, started } from '../../support/nest.js';
import { serveVault, type VaultServer } from '../../support/vault-server.js';
import { content, expectSameBytes, peerReads, peerWrites, type Place, useContainer } from './blob-cases.js';
import { describeCell } from './cells.js';
import type { PeerKey } from './keys.js';
import { newQueue, peerReceives, peerSends } from './message-cases.js';
import { BLOB_PEERS, hasVaultKeys, isPython, QUEUE_PEERS, stopPeersAfterAll } from './peers.js';

const { newBlob } = useContainer();
stopPeersAfterAll();

const ALGORITHMS = ['RSA-OAEP', 'RSA-OAEP-256'] as const;
type Algorithm = (typeof ALGORITHMS)[number];
type Protocol = '1.0' | '2.0' | '2.1';

const KEY_NAME = 'records';
const vault = new InProcessVault();
const older = vault.rotate(KEY_NAME);
const newer = vault.rotate(KEY_NAME);
let server: VaultServer | undefined;
const applications: TestingModule[] = [];

beforeAll(async () => {
  server = await serveVault(vault);
});
beforeEach(() => {
  vault.requests.length = 0;
});
afterEach(async () => {
  await Promise.all(applications.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  await server?.stop();
});

const theirKey = (id: string, algorithm: Algorithm): { readonly theirs: PeerKey } => {
  if (server === undefined) throw new Error('There is no vault');
  const { proxy, certificate } = server;
  return { theirs: { id, algorithm, vault: { proxy, certificate } } };
};

/** With an empty cache. */
async function ourStorage(protocol: Protocol, algorithm: Algorithm): Promise<TestingModule> {
  const app = await started(
    EncryptedStorageModule.forRoot(
      optionsOf({
        protocol,
        readProtocols: ['1.0', '2.0', '2.1'],
        keyEncryptionKey: undefined,
        keyVault: vault.options(KEY_NAME, { algorithm }),
      }),
    ),
  );
  applications.push(app);
  return app;
}

async function ourBlob({ container, blob }: Place, protocol: Protocol, algorithm: Algorithm) {
  const app = await ourStorage(protocol, algorithm);
  return app.get(EncryptedBlobService).getContainerClient(container).getBlockBlobClient(blob);
}

async function ourQueue(queue: string, protocol: Protocol, algorithm: Algorithm) {
  const app = await ourStorage(protocol, algorithm);
  return app.get(EncryptedQueueService).getQueueClient(queue);
}

const bytes = content(1000);

for (const peer of BLOB_PEERS.filter(hasVaultKeys)) {
  for (const protocol of peer.writes) {
    describeCell({ service: 'blobs', protocol, peer, peerDoes: 'writes' }, () => {
      const versions = ALGORITHMS.flatMap((algorithm) => [
        ['an older version of', algorithm, older] as const,
        ['the newest version of', algorithm, newer] as const,
        // Python's client is asked for the id of its key, and the sample stores the one with the version
        ...(isPython(peer) ? [] : [['no version of', algorithm, vault.idOf(KEY_NAME)] as const]),
      ]);
      it.each(versions)('under %s a key in a vault, %s', async (_which, algorithm, keyId) => {
        const place = newBlob();
        await peerWrites(peer, place, bytes, { protocol, key: theirKey(keyId, algorithm) });

        expectSameBytes(await (await ourBlob(place, protocol, algorithm)).downloadToBuffer(), bytes);
        // it lists the versions only if the stored id does not name one
        expect(vault.count('versions')).toBe(keyId === vault.idOf(KEY_NAME) ? 1 : 0);
        expect(vault.count('unwrapkey')).toBeGreaterThan(0);
      });
    });
  }

  for (const protocol of peer.reads) {
    describeCell({ service: 'blobs', protocol, peer, peerDoes: 'reads' }, () => {
      it.each(ALGORITHMS)('under a key in a vault, %s', async (algorithm) => {
        const place = newBlob();
        await (await ourBlob(place, protocol, algorithm)).uploadData(bytes);
        const key = theirKey(newer, algorithm);

        expectSameBytes((await peerReads(peer, place, { key })).content, bytes);
        expect(vault.requests).toContainEqual({ operation: 'unwrapkey', name: KEY_NAME, version: newer.slice(-32) });
      });

      it.each(ALGORITHMS)('under a key in a vault that it finds by its id, %s', async (algorithm) => {
        const place = newBlob();
        await (await ourBlob(place, protocol, algorithm)).uploadData(bytes);
        const key = theirKey(newer, algorithm);

        expectSameBytes((await peerReads(peer, place, { key, resolve: true })).content, bytes);
      });
    });
  }
}

for (const peer of QUEUE_PEERS.filter(hasVaultKeys)) {
  for (const protocol of peer.writes) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'writes' }, () => {
      it.each(ALGORITHMS)('under a key in a vault, %s', async (algorithm) => {
        const { queue } = await newQueue();
        await peerSends(peer, ['a text'], { queue, protocol, key: theirKey(older, algorithm) });

        const { receivedMessageItems } = await (await ourQueue(queue, protocol, algorithm)).receiveMessages();
        expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['a text']);
      });
    });
  }

  for (const protocol of peer.reads) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'reads' }, () => {
      it.each(ALGORITHMS)('under a key in a vault, %s', async (algorithm) => {
        const { queue } = await newQueue();
        await (await ourQueue(queue, protocol, algorithm)).sendMessage('a text');

        const contents = await peerReceives(peer, { queue, key: theirKey(newer, algorithm) });
        expect(contents).toEqual([{ text: 'a text' }]);
      });
    });
  }
}
