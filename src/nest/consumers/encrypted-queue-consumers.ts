import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InvalidOptionsError } from '../../errors/input.js';
import { EncryptedQueueConsumer } from '../../queue/consumer/encrypted-queue-consumer.js';
import { logConsumerEvent } from './queue-consumer-log.js';
import { type FoundHandler, type HandlerClients, QueueHandlerExplorer } from './queue-handler.explorer.js';

type UsableHandler = FoundHandler & { readonly clients: HandlerClients };

/**
 * The consumers of an application: one for each `@EncryptedQueueHandler()`. They start when the application has started, and stop
 * when it begins to close. Inject this class to start or stop a consumer yourself.
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { EncryptedQueueConsumers } from 'nestjs-azure-encrypted-storage';
 *
 * @Injectable()
 * export class Maintenance {
 *   constructor(private readonly consumers: EncryptedQueueConsumers) {}
 *
 *   async begin(): Promise<void> {
 *     await this.consumers.get('referrals').stop();
 *   }
 * }
 * ```
 */
@Injectable()
export class EncryptedQueueConsumers implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #consumers = new Map<string, EncryptedQueueConsumer>();

  constructor(@Inject(QueueHandlerExplorer) private readonly explorer: QueueHandlerExplorer) {}

  /**
   * The consumer of a queue. Pass `account`, the name of the account, if there are several.
   *
   * @throws `INVALID_OPTIONS` if the queue has no handler, or if the application has not started
   */
  get(queue: string, account?: string): EncryptedQueueConsumer {
    const consumer = this.#consumers.get(keyOf(queue, account));
    if (consumer !== undefined) return consumer;
    throw new InvalidOptionsError([`no @EncryptedQueueHandler(${JSON.stringify(queue)}) was found at the start`]);
  }

  /** Starts the consumers with `autoStart`. Called by Nest. */
  async onApplicationBootstrap(): Promise<void> {
    const handlers = this.explorer.explore();
    const faults = [...handlers.flatMap((handler) => handler.faults), ...doubleFaults(handlers)];
    if (faults.length > 0) throw new InvalidOptionsError(faults);
    const usable = handlers.filter(isUsable);
    for (const handler of usable) {
      this.#consumers.set(keyOf(handler.queue, handler.options.account), consumerOf(handler));
    }
    await this.#start(usable.filter(({ options }) => options.autoStart !== false));
  }

  /** Stops all consumers. Called by Nest. */
  async onModuleDestroy(): Promise<void> {
    await this.#stop();
  }

  /** Starts all or none: if the application does not start, it must not continue to handle messages. */
  async #start(handlers: readonly FoundHandler[]): Promise<void> {
    try {
      await Promise.all(handlers.map(({ queue, options }) => this.get(queue, options.account).start()));
    } catch (error) {
      await this.#stop();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.stop()));
  }
}

function consumerOf({ clients, handler, options }: UsableHandler): EncryptedQueueConsumer {
  const { account: _account, autoStart: _autoStart, onEvent, ...others } = options;
  const source = {
    queue: clients.queue,
    getPoisonQueue: (name: string) => clients.account.queues().getQueueClient(name),
  };
  return new EncryptedQueueConsumer(source, handler, {
    ...others,
    onEvent: (event) => {
      logConsumerEvent(event);
      return onEvent?.(event);
    },
  });
}

/** Two handlers of one queue would each get some of its messages. */
function doubleFaults(handlers: readonly FoundHandler[]): readonly string[] {
  const byQueue = new Map<string, string[]>();
  for (const { queue, options, where } of handlers) {
    const key = keyOf(queue, options.account);
    byQueue.set(key, [...(byQueue.get(key) ?? []), where]);
  }
  return [...byQueue.values()]
    .filter((same) => same.length > 1)
    .map((same) => `${same.join(' and ')} would each get some of the messages: keep only one handler for the queue`);
}

const isUsable = (handler: FoundHandler): handler is UsableHandler => handler.clients !== undefined;

const keyOf = (queue: string, account: string | undefined): string => JSON.stringify([queue, account]);
