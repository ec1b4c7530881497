/** A consumer that takes 32 messages at once from Azurite, compared with a plain loop over the SDK: receive 32, handle, delete. */
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { EncryptedQueueConsumer, EncryptedQueueService } from 'nestjs-azure-encrypted-storage';
import type { Lab, Subject } from './support/lab.js';
import { openByHand } from './support/message-by-hand.js';
import { perSecond } from './support/operations.js';
import type { Row } from './support/report.js';
import { medianOf } from './support/rounds.js';
import { WITH_EMULATOR } from './support/targets.js';
import { benchKey } from './support/transfer.js';

const TEXT = 'message '.repeat(128);
/** Messages that are handled at once: as many as one receive returns. */
const CONCURRENCY = 32;
const MESSAGES = 16 * CONCURRENCY;
const PROTOCOLS = ['1.0', '2.0'] as const;

export const consumer: Subject = {
  name: 'consumer',
  run: async (lab) => {
    const service = QueueServiceClient.fromConnectionString(await lab.freshEmulator());
    const count = lab.isQuick ? CONCURRENCY : MESSAGES;
    const plain = service.getQueueClient('plain');
    await plain.create();
    const queues = Object.fromEntries(
      await Promise.all(PROTOCOLS.map(async (protocol) => [protocol, await sealedQueue(service, protocol)] as const)),
    ) as Record<(typeof PROTOCOLS)[number], SealedQueue>;
    const found = await lab.compare('messages: a consumer', {
      plain: () => plainLoop({ filled: plain, client: plain, count, open: (text) => text }),
      '1.0': () => consumed(service, queues['1.0'], count),
      '2.0': () => consumed(service, queues['2.0'], count),
      '1.0 by hand': () => loopByHand(queues['1.0'], '1.0', count),
      '2.0 by hand': () => loopByHand(queues['2.0'], '2.0', count),
    });
    return PROTOCOLS.map((protocol) => {
      const us = (kind: keyof typeof found): number => medianOf(found[kind], Number);
      const byHand = (us('plain') / us(`${protocol} by hand`)).toFixed(2);
      const row: Row = {
        subject: 'messages of 1 KiB with Azurite',
        case: `handled by a consumer, ${CONCURRENCY} at once, compared with a plain loop (which opens them by hand at ${byHand})`,
        protocol,
        unit: '/s',
        plain: perSecond(us('plain')),
        encrypted: perSecond(us(protocol)),
        ratio: us('plain') / us(protocol),
        quiet: found[protocol].quiet,
      };
      return held(lab, row);
    });
  },
};

const held = (lab: Lab, row: Row): Row =>
  lab.isQuick ? row : { ...row, targets: [{ what: 'ratio', value: row.ratio!, atLeast: WITH_EMULATOR.consumer }] };

type SealedQueue = ReturnType<EncryptedQueueService['getQueueClient']>;

async function sealedQueue(service: QueueServiceClient, protocol: (typeof PROTOCOLS)[number]): Promise<SealedQueue> {
  const policy = { protocol, keyEncryptionKey: benchKey(), requireEncryption: true } as const;
  const queue = new EncryptedQueueService(() => service, policy).getQueueClient(`sealed-${protocol[0]}`);
  await queue.create();
  return queue;
}

interface PlainLoop {
  /** Sends the messages. */
  readonly filled: QueueClient | SealedQueue;
  readonly client: QueueClient;
  readonly count: number;
  readonly open: (stored: string) => string;
}

const loopByHand = (queue: SealedQueue, protocol: (typeof PROTOCOLS)[number], count: number): Promise<number> =>
  plainLoop({
    filled: queue,
    client: queue.unencryptedClient,
    count,
    open: (stored) => openByHand(protocol, stored).toString(),
  });

/** Microseconds for each message, from the first receive until the last one is deleted. */
async function plainLoop({ filled: sender, client, count, open }: PlainLoop): Promise<number> {
  await filled(sender, count);
  const started = performance.now();
  for (let handled = 0; handled < count;) {
    const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages: CONCURRENCY });
    await Promise.all(
      receivedMessageItems.map(async ({ messageText, messageId, popReceipt }) => {
        if (open(messageText) !== TEXT) throw new Error('A message got lost');
        await client.deleteMessage(messageId, popReceipt);
      }),
    );
    handled += receivedMessageItems.length;
  }
  return ((performance.now() - started) * 1000) / count;
}

/** The same measurement. A consumer that has stopped has deleted what it handled. */
async function consumed(service: QueueServiceClient, queue: SealedQueue, count: number): Promise<number> {
  await filled(queue, count);
  let handled = 0;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const source = { queue, getPoisonQueue: (name: string) => service.getQueueClient(name) };
  const worker = new EncryptedQueueConsumer(
    source,
    async ({ text }) => {
      if (text !== TEXT) throw new Error('A message got lost');
      handled += 1;
      if (handled === count) done();
    },
    { concurrency: CONCURRENCY, batchSize: CONCURRENCY, createIfNotExists: true },
  );
  const started = performance.now();
  await worker.start();
  await all;
  await worker.stop();
  return ((performance.now() - started) * 1000) / count;
}

async function filled(queue: QueueClient | SealedQueue, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += CONCURRENCY) {
    await Promise.all(Array.from({ length: CONCURRENCY }, () => queue.sendMessage(TEXT)));
  }
}
