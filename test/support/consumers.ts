/** Consumers over the emulator, a key whose service can be down, and a way to wait without relying on speed. */
import { setTimeout } from 'node:timers/promises';
import { QueueServiceClient } from '@azure/storage-queue';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { KeyUnavailableError } from '../../src/errors/keys.js';
import type { KeyEncryptionKey, WrappedKey } from '../../src/keys/key-encryption-key.js';
import type { QueueConsumerEvent } from '../../src/queue/consumer/consumer-event.js';
import type { EncryptedQueueConsumerOptions } from '../../src/queue/consumer/consumer-options.js';
import { EncryptedQueueConsumer } from '../../src/queue/consumer/encrypted-queue-consumer.js';
import type { EncryptedQueueMessageHandler } from '../../src/queue/consumer/encrypted-queue-message.js';
import type { EncryptedQueueClient } from '../../src/queue/encrypted-queue-client.js';
import { EncryptedQueueService } from '../../src/queue/encrypted-queue.service.js';
import { connectionString, uniqueName } from './azurite.js';
import { policyOf, testKey } from './blobs.js';

/** Long enough for a machine under load: a wait fails only if the expected event never happens. */
export const PATIENCE = 60_000;
const STEP = 20;

/** Waits until `holds` returns true. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`This condition was never met: ${holds.toString()}`);
    await setTimeout(STEP);
  }
}

/** Works until its service is set to be down. */
export class FlakyKey implements KeyEncryptionKey {
  isDown = false;
  /** The number of unwrap calls. */
  asked = 0;

  constructor(private readonly key: KeyEncryptionKey = testKey) {}

  get keyId(): string {
    return this.key.keyId;
  }

  wrapKey(contentKey: Uint8Array): Promise<WrappedKey> {
    return this.key.wrapKey(contentKey);
  }

  async unwrapKey(encryptedKey: Uint8Array, algorithm: string): Promise<Uint8Array> {
    this.asked += 1;
    if (this.isDown) throw new KeyUnavailableError(this.keyId);
    return this.key.unwrapKey(encryptedKey, algorithm);
  }
}

const service = () => QueueServiceClient.fromConnectionString(connectionString());

export const plainQueue = (name: string) => service().getQueueClient(name);

export async function newQueue(policy: EncryptionPolicy = policyOf('2.0')): Promise<EncryptedQueueClient> {
  const queue = new EncryptedQueueService(service, policy).getQueueClient(uniqueName('consumed'));
  await queue.create();
  await plainQueue(`${queue.name}-poison`).create();
  return queue;
}

/** The same queue under another policy. */
export const likewise = (queue: EncryptedQueueClient, policy: EncryptionPolicy): EncryptedQueueClient =>
  new EncryptedQueueService(service, policy).getQueueClient(queue.name);

export interface Watched {
  readonly consumer: EncryptedQueueConsumer;
  readonly events: readonly QueueConsumerEvent[];
  /** The number of events of that kind. */
  readonly count: (kind: QueueConsumerEvent['kind']) => number;
}

const running = new Set<EncryptedQueueConsumer>();

/** For use after each test: a failed test would leave its consumers running, and jest would not exit. */
export async function stopConsumers(): Promise<void> {
  await Promise.all([...running].map((consumer) => consumer.stop()));
  running.clear();
}

/** Starts a consumer with short delays, and records its events. */
export async function consume(
  queue: EncryptedQueueClient,
  handler: EncryptedQueueMessageHandler,
  options: EncryptedQueueConsumerOptions = {},
): Promise<Watched> {
  const events: QueueConsumerEvent[] = [];
  const source = { queue, getPoisonQueue: plainQueue };
  const short = { minPollDelay: 0.02, maxPollDelay: 0.1, minRetryDelay: 0, maxRetryDelay: 0, shutdownTimeout: 5 };
  const onEvent = (event: QueueConsumerEvent): void => void events.push(event);
  const consumer = new EncryptedQueueConsumer(source, handler, { ...short, onEvent, ...options });
  running.add(consumer);
  await consumer.start();
  return { consumer, events, count: (kind) => events.filter((event) => event.kind === kind).length };
}

/** The stored texts of the messages that are currently visible in a queue. */
export async function visibleTexts(name: string): Promise<string[]> {
  const { peekedMessageItems } = await plainQueue(name).peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => messageText);
}

/** The number of messages in a queue, visible or not. */
export async function size(name: string): Promise<number> {
  return (await plainQueue(name).getProperties()).approximateMessagesCount ?? 0;
}
