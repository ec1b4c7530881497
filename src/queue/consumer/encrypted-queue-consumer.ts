import type { QueueClient } from '@azure/storage-queue';
import { InvalidOptionsError } from '../../errors/input.js';
import { isResourceMissing } from '../../service-errors.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { systemClock, within } from '../../clock.js';
import type { QueueConsumerEvent, Report } from './consumer-event.js';
import { consumerFaults, type EncryptedQueueConsumerOptions, settingsOf } from './consumer-options.js';
import type { EncryptedQueueMessageHandler } from './encrypted-queue-message.js';
import { REQUEST_TIMEOUT } from './message-lease.js';
import { Poller, type PollerParts } from './poller.js';
import { refuse } from '../../option-rules.js';

/** Where a consumer takes its messages from. */
export interface EncryptedQueueConsumerSource {
  readonly queue: EncryptedQueueClient;
  /** Returns plain clients of queues of the same account. Messages stay sealed on their way to a poison queue. */
  readonly getPoisonQueue: (name: string) => QueueClient;
}

/**
 * Passes the decrypted messages of a queue to a handler, each at least once. `@EncryptedQueueHandler()` creates such a consumer;
 * use the class itself without Nest.
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
    refuse(consumerFaults(queue.name, options));
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

  /**
   * Starts polling; does nothing if the consumer is running.
   *
   * @throws `INVALID_OPTIONS` if the queue or its poison queue does not exist, unless `missingQueue` is `'wait'`; the service's
   * errors if queues cannot be created
   */
  async start(): Promise<void> {
    if (this.#poller !== undefined) return;
    const poller = (this.#poller = new Poller(this.#parts));
    try {
      await this.#prepareQueues();
    } catch (error) {
      if (this.#poller === poller) this.#poller = undefined;
      throw error;
    }
    // stop may have been called in the meantime
    if (this.#poller === poller) poller.start();
  }

  /**
   * Stops polling, waits up to `shutdownTimeout` for running handlers, then aborts their signals and makes unfinished messages
   * visible again.
   */
  async stop(): Promise<void> {
    const poller = this.#poller;
    this.#poller = undefined;
    await poller?.stop();
  }

  async #prepareQueues(): Promise<void> {
    const { queue, poisonQueue, settings, clock } = this.#parts;
    const both = [queue.unencryptedClient, poisonQueue];
    const deadline = { clock, seconds: REQUEST_TIMEOUT };
    if (settings.createIfNotExists) {
      await within(deadline, (abortSignal) => Promise.all(both.map((one) => one.createIfNotExists({ abortSignal }))));
    } else if (settings.missingQueue === 'fail') {
      // a service that does not answer in time may recover
      await within(deadline, (abortSignal) => assertQueues(both, abortSignal)).catch((error: unknown) => {
        if (error instanceof InvalidOptionsError) throw error;
      });
    }
  }
}

/** Only a missing queue stops start-up: other failures may be temporary, and the consumer reports them when it polls. */
async function assertQueues(queues: readonly QueueClient[], abortSignal: AbortSignal): Promise<void> {
  const looks = await Promise.allSettled(queues.map((one) => one.peekMessages({ numberOfMessages: 1, abortSignal })));
  refuse(
    looks.flatMap((look, index) =>
      look.status === 'rejected' && isResourceMissing(look.reason) ? [missingQueue(queues[index]?.name ?? '')] : [],
    ),
  );
}

const missingQueue = (name: string): string =>
  `queue "${name}" does not exist: create it, set "createIfNotExists", or set "missingQueue" to "wait"`;

function reporter(queue: string, { onEvent }: EncryptedQueueConsumerOptions): Report {
  // an observer must not change what happens, neither by throwing nor, if it is asynchronous, by rejecting
  const watch = async (event: QueueConsumerEvent): Promise<void> => onEvent?.(event);
  return (event) => {
    watch({ queue, ...event }).catch(() => undefined);
  };
}
