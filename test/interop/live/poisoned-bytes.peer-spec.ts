/**
 * Bytes that are not text pass unchanged through a consumer, the poison queue and its replay, for us and for the peer.
 */
import { parsePoisonMessage, replayPoisonMessages, UnprocessableMessageError } from 'nestjs-azure-encrypted-storage';
import { consume, plainQueue, stopConsumers, until, visibleTexts } from '../../support/consumers.js';
import { describeCell } from './cells.js';
import { BINARIES, newQueue, peerReceives, peerSends } from './message-cases.js';
import { isPython, type Peer, type Protocol, QUEUE_PEERS, stopPeersAfterAll } from './peers.js';
import { closeStorageAfterAll, storageOf, type StorageOptions } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();
afterEach(stopConsumers);

/** Python's binary mode puts base64 inside the ciphertext. */
const optionsFor = (peer: Peer): StorageOptions => (isPython(peer) ? { messageEncoding: 'base64' } : {});

const ours = async (queue: string, options: StorageOptions) => (await storageOf(options)).queues.getQueueClient(queue);

const asHex = (contents: readonly Uint8Array[]): string[] =>
  contents.map((content) => Buffer.from(content).toString('hex')).sort();

const EXPECTED = asHex(BINARIES);
const ALL = BINARIES.length;

/**
 * Lets a consumer reject each message, replays them, and returns the bytes that the handler and the poison queue
 * received.
 */
async function poisonAndReplay(queue: string, options: StorageOptions) {
  const client = await ours(queue, options);
  const poison = plainQueue(`${queue}-poison`);
  await poison.create();
  const handled: Buffer[] = [];
  const handler = ({ bytes }: { readonly bytes: Buffer }): void => {
    handled.push(bytes);
    throw new UnprocessableMessageError('Refused by this test');
  };
  const { consumer } = await consume(client, handler, { maxFailures: 1, concurrency: ALL });
  await until(async () => (await visibleTexts(poison.name)).length === ALL);
  await consumer.stop();

  const stored = (await visibleTexts(poison.name)).map((text) => parsePoisonMessage(text).storedText);
  const poisoned = await Promise.all(stored.map((text) => client.decryptMessage(text)));
  const replayed = await replayPoisonMessages(poison, client);
  return { client, handled: asHex(handled), poisoned: asHex(poisoned), replayed };
}

for (const peer of QUEUE_PEERS) {
  const options = optionsFor(peer);

  for (const protocol of peer.writes) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'writes' }, () => {
      it('bytes that are not text, refused by a handler and put back', async () => {
        const { queue } = await newQueue();
        await peerSends(peer, BINARIES, { queue, protocol, encoding: 'bytes' });

        const { client, handled, poisoned, replayed } = await poisonAndReplay(queue, options);

        expect({ handled, poisoned, replayed }).toEqual({ handled: EXPECTED, poisoned: EXPECTED, replayed: ALL });
        const { peekedMessageItems } = await client.peekMessages({ numberOfMessages: ALL });
        expect(asHex(peekedMessageItems.map(({ messageBytes }) => messageBytes))).toEqual(EXPECTED);
        expect(await bytesThatPeerReceives(peer, queue)).toEqual(EXPECTED);
      });
    });
  }

  for (const protocol of peer.reads) {
    describeCell({ service: 'messages', protocol, peer, peerDoes: 'reads' }, () => {
      it('bytes that are not text, refused by a handler of ours and put back', async () => {
        const { queue } = await newQueue();
        await sendOurs(queue, { ...options, protocol });

        const { handled, poisoned, replayed } = await poisonAndReplay(queue, options);

        expect({ handled, poisoned, replayed }).toEqual({ handled: EXPECTED, poisoned: EXPECTED, replayed: ALL });
        expect(await bytesThatPeerReceives(peer, queue)).toEqual(EXPECTED);
      });
    });
  }
}

async function sendOurs(queue: string, options: StorageOptions & { readonly protocol: Protocol }): Promise<void> {
  const client = await ours(queue, options);
  for (const content of BINARIES) await client.sendMessage(content);
}

async function bytesThatPeerReceives(peer: Peer, queue: string): Promise<string[]> {
  const contents = await peerReceives(peer, { queue, encoding: 'bytes', count: ALL });
  return asHex(contents.map((content) => Buffer.from('bytes' in content ? content.bytes : '', 'base64')));
}
