import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InvalidOptionsError } from '../../errors/input.js';
import { givenName, refuse } from '../../option-rules.js';
import { EncryptedQueueConsumer } from '../../queue/consumer/encrypted-queue-consumer.js';
import { logConsumerEvent } from './queue-consumer-log.js';
import { type FoundHandler, type HandlerClients, QueueHandlerExplorer } from './queue-handler.explorer.js';

type UsableHandler = FoundHandler & { readonly clients: HandlerClients };

/**
 * The consumers of an application: one for each `@EncryptedQueueHandler()`. They start when the application has started, and stop
 * when it begins to close; from then on, none can be started. Inject this class to start or stop a consumer yourself.
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
  #isClosing = false;

  constructor(@Inject(QueueHandlerExplorer) private readonly explorer: QueueHandlerExplorer) {}

  /**
   * The consumer of a queue. Pass `account`, the name of the account, if there are several.
   *
   * @throws `INVALID_OPTIONS` if the queue has no handler, or if the application has not started
   */
  get(queue: string, account?: string): EncryptedQueueConsumer {
    const consumer = this.#consumers.get(keyOf(queue, account));
    if (consumer !== undefined) return consumer;
    throw new InvalidOptionsError([`no @EncryptedQueueHandler(${givenName(queue)}) was found at the start`]);
  }

  /** Starts the consumers with `autoStart`. Called by Nest. */
  async onApplicationBootstrap(): Promise<void> {
    const started = await this.startNew();
    if (this.#consumers.size > 0) logger.log(startLine(started));
  }

  /**
   * Starts the consumers of handlers that were added since the application started: those of lazy-loaded modules. Call it after
   * `LazyModuleLoader.load()`. Their consumers stop with the application; once it has begun to close, none is started.
   *
   * @returns the names of the queues whose consumers it started
   * @throws `INVALID_OPTIONS` with every fault of the new handlers
   *
   * @example
   * ```ts
   * import type { LazyModuleLoader } from '@nestjs/core';
   * import type { EncryptedQueueConsumers } from 'nestjs-azure-encrypted-storage';
   *
   * class ReportsModule {}
   *
   * export async function loadReports(loader: LazyModuleLoader, consumers: EncryptedQueueConsumers): Promise<void> {
   *   await loader.load(() => ReportsModule);
   *   await consumers.startNew();
   * }
   * ```
   */
  async startNew(): Promise<readonly string[]> {
    if (this.#isClosing) return [];
    const handlers = this.explorer.explore();
    refuse([...handlers.flatMap((handler) => handler.faults), ...doubleFaults(handlers)]);
    const added = handlers.filter(isUsable).filter((handler) => !this.#consumers.has(nameOf(handler)));
    for (const handler of added)
      this.#consumers.set(
        nameOf(handler),
        consumerOf(handler, () => this.#isClosing),
      );
    const starting = added.filter(({ options }) => options.autoStart !== false);
    await this.#start(starting);
    return starting.map(({ queue }) => queue);
  }

  /** Stops all consumers. Called by Nest. */
  async onModuleDestroy(): Promise<void> {
    this.#isClosing = true;
    await this.#stop([...this.#consumers.values()]);
  }

  /** Starts all or none: if the application fails to start, it must not continue to handle messages. */
  async #start(handlers: readonly FoundHandler[]): Promise<void> {
    const consumers = handlers.map(({ queue, options }) => this.get(queue, options.account));
    const starts = await Promise.allSettled(consumers.map((consumer) => consumer.start()));
    const failures = starts.flatMap((start): unknown[] => (start.status === 'rejected' ? [start.reason] : []));
    if (failures.length === 0) return;
    await this.#stop(consumers);
    for (const handler of handlers) this.#consumers.delete(nameOf(handler));
    const faults = failures.flatMap((error) => (error instanceof InvalidOptionsError ? error.faults : []));
    throw faults.length > 0 ? new InvalidOptionsError(faults) : failures[0];
  }

  async #stop(consumers: readonly EncryptedQueueConsumer[]): Promise<void> {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  }
}

const logger = new Logger('EncryptedQueueConsumers');

const startLine = (started: readonly string[]): string =>
  `Handlers of ${started.length} ${started.length === 1 ? 'queue' : 'queues'} have started` +
  `${started.length === 0 ? '' : `: ${started.join(', ')}`}. ` +
  'Those of modules that are loaded later start with EncryptedQueueConsumers.startNew()';

/** Handlers and shutdown hooks may start a consumer again. Nothing would stop it once the others have stopped. */
class ApplicationConsumer extends EncryptedQueueConsumer {
  constructor(
    private readonly isClosing: () => boolean,
    ...parts: ConstructorParameters<typeof EncryptedQueueConsumer>
  ) {
    super(...parts);
  }

  override async start(): Promise<void> {
    if (!this.isClosing()) await super.start();
  }
}

function consumerOf({ clients, handler, options }: UsableHandler, isClosing: () => boolean): EncryptedQueueConsumer {
  const { account: _account, autoStart: _autoStart, onEvent, ...others } = options;
  const source = {
    queue: clients.queue,
    getPoisonQueue: (name: string) => clients.account.queues().getQueueClient(name),
  };
  return new ApplicationConsumer(isClosing, source, handler, {
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

const nameOf = ({ queue, options }: FoundHandler): string => keyOf(queue, options.account);

const keyOf = (queue: string, account: string | undefined): string => JSON.stringify([queue, account]);
