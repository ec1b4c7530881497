import type { QueueClient } from '@azure/storage-queue';
import { InvalidOptionsError } from '../../errors/input.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { systemClock, within } from './clock.js';
import type { QueueConsumerEvent, Report } from './consumer-event.js';
import { consumerFaults, type EncryptedQueueConsumerOptions, settingsOf } from './consumer-options.js';
import type { EncryptedQueueMessageHandler } from './encrypted-queue-message.js';
import { REQUEST_TIMEOUT } from './message-lease.js';
import { Poller, type PollerParts } from './poller.js';

/** What a consumer takes from where. */
export interface EncryptedQueueConsumerSource {
  readonly queue: EncryptedQueueClient;
  /** Plain clients of queues of the same account: what goes to a poison queue stays sealed as it was. */
  readonly getPoisonQueue: (name: string) => QueueClient;
}

/**
 * Hands the messages of a queue to a handler, decrypted, at least once each. `@EncryptedQueueHandler()` makes one of these; use
 * the class itself where there is no Nest.
 *
 * @example
 * ```ts
 * import { EncryptedQueueConsumer, type EncryptedQueueService } from 'nestjs-azure-encrypted-storage';
 *
 * export async function consume(queues: EncryptedQueueService): Promise<EncryptedQueueConsumer> {
 *   const source = {
 *     queue: queues.getQueueClient('referrals'),
 *     getPoisonQueue: (name: string) => queues.unencryptedServiceClient.getQueueClient(name),
 *   };
 *   const consumer = new EncryptedQueueConsumer(source, ({ id }) => console.log(id), { concurrency: 4 });
 *   await consumer.start();
 *   return consumer;
 * }
 * ```
 */
export class EncryptedQueueConsumer {
  readonly #parts: PollerParts;
  #poller: Poller | undefined;

  /** @throws `INVALID_OPTIONS` with every fault of the options */
  constructor(
    source: EncryptedQueueConsumerSource,
    handler: EncryptedQueueMessageHandler,
    options: EncryptedQueueConsumerOptions = {},
  ) {
    const queue = source.queue.forConsumer();
    const faults = consumerFaults(queue.name, options);
    if (faults.length > 0) throw new InvalidOptionsError(faults);
    const settings = settingsOf(queue.name, options);
    const poisonQueue = source.getPoisonQueue(settings.poisonQueue);
    this.#parts = { queue, poisonQueue, handler, settings, clock: systemClock, report: reporter(queue.name, options) };
  }

  /** Name of the queue. */
  get queueName(): string {
    return this.#parts.queue.name;
  }

  get isRunning(): boolean {
    return this.#poller !== undefined;
  }

  /** Begins to poll; does nothing if it runs. Fails only where queues are to be created and cannot be. */
  async start(): Promise<void> {
    if (this.#poller !== undefined) return;
    const poller = (this.#poller = new Poller(this.#parts));
    try {
      await this.#createQueues();
    } catch (error) {
      this.#poller = undefined;
      throw error;
    }
    // a stop may have come in between
    if (this.#poller === poller) poller.start();
  }

  /**
   * Polls no more, lets running handlers end within `shutdownTimeout`, then aborts their signals and makes what is unfinished
   * visible again.
   */
  async stop(): Promise<void> {
    const poller = this.#poller;
    this.#poller = undefined;
    await poller?.stop();
  }

  async #createQueues(): Promise<void> {
    const { queue, poisonQueue, settings, clock } = this.#parts;
    if (!settings.createIfNotExists) return;
    await within({ clock, seconds: REQUEST_TIMEOUT }, (abortSignal) =>
      Promise.all([queue, poisonQueue].map((created) => created.createIfNotExists({ abortSignal }))),
    );
  }
}

function reporter(queue: string, { onEvent }: EncryptedQueueConsumerOptions): Report {
  // what watches must not change what happens: neither by what it throws nor, where it is asynchronous, by its rejection
  const watch = async (event: QueueConsumerEvent): Promise<void> => onEvent?.(event);
  return (event) => {
    watch({ queue, ...event }).catch(() => undefined);
  };
}
