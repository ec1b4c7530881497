/**
 * The record that `@EncryptedQueueHandler()` keeps on a class: an own property of the prototype under a registered symbol, so
 * that it is inherited by subclasses, never leaks into bases, and is the same for both builds of this package.
 */
import type { EncryptedQueueConsumerOptions } from '../../queue/consumer/consumer-options.js';

export interface EncryptedQueueHandlerOptions extends EncryptedQueueConsumerOptions {
  /** Name of the account among several; the unnamed one unless given. */
  readonly account?: string;
  /**
   * Whether the application's start begins to poll. With `false`, `EncryptedQueueConsumers` starts it.
   *
   * @defaultValue true
   */
  readonly autoStart?: boolean;
}

export interface QueueHandlerRecord {
  readonly queue: string;
  readonly options: EncryptedQueueHandlerOptions;
}

/** A method, and a queue that it handles. */
export interface QueueHandlerMethod extends QueueHandlerRecord {
  readonly method: string | symbol;
}

type Records = ReadonlyMap<string | symbol, readonly QueueHandlerRecord[]>;

const RECORD = Symbol.for('nestjs-azure-encrypted-storage/queue-handlers');

export function recordQueueHandler(prototype: object, method: string | symbol, record: QueueHandlerRecord): void {
  const records = new Map(ownRecords(prototype));
  records.set(method, [record, ...(records.get(method) ?? [])]);
  Object.defineProperty(prototype, RECORD, { value: records, configurable: true });
}

/** The handlers of a class, inherited ones too; a method that is decorated again in a subclass counts as decorated there. */
export function queueHandlersOf(prototype: object): readonly QueueHandlerMethod[] {
  const merged = new Map<string | symbol, readonly QueueHandlerRecord[]>();
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    for (const [method, records] of ownRecords(at)) if (!merged.has(method)) merged.set(method, records);
  }
  return [...merged].flatMap(([method, records]) => records.map((record) => ({ method, ...record })));
}

const ownRecords = (prototype: object): Records =>
  (Object.hasOwn(prototype, RECORD) ? (prototype as Record<symbol, Records>)[RECORD] : undefined) ?? new Map();
