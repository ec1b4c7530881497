/** A peer that has only the new key reads what a maintenance job has moved to another key or protocol. */
import type { QueueClient } from '@azure/storage-queue';
import {
  type EncryptedContainerClient,
  isMaintenanceClean,
  type MaintenanceSource,
  type MaintenanceTask,
  parsePoisonMessage,
  replayPoisonMessages,
  runMaintenance,
  UnprocessableMessageError,
} from 'nestjs-azure-encrypted-storage';
import { consume, plainQueue, size, stopConsumers, until } from '../../support/consumers.js';
import { content, expectSameBytes, peerReads, peerWrites, useContainer, weWrite } from './blob-cases.js';
import { describeCell } from './cells.js';
import { newTable, peerGets, peerStores, row, valuesOf } from './entity-cases.js';
import { KEY, OTHER_KEY } from './keys.js';
import { entityOf, ours, PATIENT } from './our-entities.js';
import { asContent, newQueue, peerReceives, peerSends } from './message-cases.js';
import { BLOB_PEERS, type Peer, type Protocol, QUEUE_PEERS, stopPeersAfterAll, TABLE_PEERS } from './peers.js';
import { closeStorageAfterAll, storageOf } from './storage.js';

const LEAVE: MaintenanceTask = { do: 'rewrap', retire: [KEY.theirs.id] };
const SIZE = 5000;

const { newBlob } = useContainer();
stopPeersAfterAll();
afterAll(stopConsumers);
closeStorageAfterAll();

async function run(task: MaintenanceTask, source: MaintenanceSource): Promise<void> {
  const report = await runMaintenance({ name: 'leave', task, sources: [source] });
  expect(report.failures).toEqual([]);
  expect(isMaintenanceClean(report)).toBe(true);
}

async function rotated(container: string, protocol: '1.0' | '2.0' | '2.1'): Promise<EncryptedContainerClient> {
  const { blobs } = await storageOf({ key: OTHER_KEY, rotated: true, protocol });
  return blobs.getContainerClient(container);
}

for (const peer of BLOB_PEERS) {
  for (const protocol of peer.reads) {
    describeCell({ service: 'blobs', protocol, peer, peerDoes: 'reads' }, () => {
      it('blobs of ours and of its own after a job has rewrapped them', async () => {
        const places = [newBlob(), newBlob()] as const;
        await weWrite(places[0], content(SIZE), { protocol });
        if (peer.writes.includes(protocol)) await peerWrites(peer, places[1], content(SIZE), { protocol });
        else await weWrite(places[1], content(SIZE), { protocol });

        await run(LEAVE, (await rotated(places[0].container, protocol)).forMaintenance());

        for (const place of places) {
          expectSameBytes((await peerReads(peer, place, { key: OTHER_KEY })).content, content(SIZE));
        }
      });

      it('a blob that a job has encrypted again, from plaintext and from 1.0', async () => {
        const [plain, old] = [newBlob(), newBlob()];
        const container = await rotated(plain.container, protocol);
        await container.unencryptedClient.getBlockBlobClient(plain.blob).uploadData(content(SIZE));
        await weWrite(old, content(SIZE), { protocol: '1.0' });

        const when = { plaintext: true, keyIds: [KEY.theirs.id] };
        await run({ do: 'reencrypt', when }, container.forMaintenance());

        for (const place of [plain, old]) {
          expectSameBytes((await peerReads(peer, place, { key: OTHER_KEY })).content, content(SIZE));
        }
      });
    });
  }
}

for (const peer of TABLE_PEERS) {
  describeCell({ service: 'entities', protocol: '1.0', peer, peerDoes: 'reads' }, () => {
    it('rows of ours and of its own after a job has rewrapped them, and after it has encrypted them again', async () => {
      const { table } = await newTable();
      await peerStores(peer, [row('of its own')], { table });
      const mine = { ...row('of ours'), rowKey: 'ours' };
      await (await ours(PATIENT, table)).createEntity(entityOf(mine));
      const { tables } = await storageOf({ key: OTHER_KEY, rotated: true });
      const source = tables.getTableClient(PATIENT, table).forMaintenance();
      const names = async (): Promise<unknown[]> => {
        const found = [row(''), mine].map((keys) => peerGets(peer, keys, { table, key: OTHER_KEY }));
        return (await Promise.all(found)).map((entity) => valuesOf(entity)['name']);
      };

      await run(LEAVE, source);
      expect(await names()).toEqual(['of its own', 'of ours']);

      await run({ do: 'reencrypt', when: { withoutIntegrity: true } }, source);
      expect(await names()).toEqual(['of its own', 'of ours']);
    });
  });
}

/** Sends one message from us and one from the peer, and lets a consumer move both to the poison queue. */
async function poisoned(
  peer: Peer,
  protocol: Protocol,
): Promise<{ queue: string; poison: QueueClient; texts: string[] }> {
  const { queue } = await newQueue();
  const poison = plainQueue(`${queue}-poison`);
  await poison.create();
  const source = (await storageOf({ protocol })).queues.getQueueClient(queue);
  await source.sendMessage('of ours');
  if (peer.writes.includes(protocol)) await peerSends(peer, ['of its own'], { queue, protocol });
  else await source.sendMessage('of its own');
  const refusing = () => Promise.reject(new UnprocessableMessageError('refused'));
  const { consumer } = await consume(source, refusing);
  await until(async () => (await size(poison.name)) === 2);
  await consumer.stop();
  return { queue, poison, texts: ['of its own', 'of ours'] };
}

const keyIdsOf = async (poison: QueueClient): Promise<unknown[]> => {
  const { peekedMessageItems } = await poison.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => parsePoisonMessage(messageText).keyId);
};

for (const peer of QUEUE_PEERS) {
  for (const protocol of peer.reads) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'reads' }, () => {
      it.each<[string, MaintenanceTask]>([
        ['has rewrapped them', LEAVE],
        ['has encrypted them again', { do: 'reencrypt', when: { keyIds: [KEY.theirs.id] } }],
      ])('poison messages of ours and of its own, replayed after a job %s', async (_what, task) => {
        const { queue, poison, texts } = await poisoned(peer, protocol);
        const { queues } = await storageOf({ key: OTHER_KEY, rotated: true, protocol });
        const source = queues.getQueueClient(queue);

        await run(task, source.forMaintenance(poison));

        expect(await keyIdsOf(poison)).toEqual([OTHER_KEY.theirs.id, OTHER_KEY.theirs.id]);
        expect(await replayPoisonMessages(poison, source)).toBe(2);
        const found = await peerReceives(peer, { queue, key: OTHER_KEY, count: 2 });
        expect([...found].sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))).toEqual(
          texts.map(asContent),
        );
      });
    });
  }
}
