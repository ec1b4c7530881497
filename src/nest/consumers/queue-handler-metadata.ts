/**
 * The record that `@EncryptedQueueHandler()` keeps on a class. It is an own property of the prototype under a registered symbol,
 * so that subclasses inherit it, base classes do not get it, and both builds of this package find it.
 */
import type { EncryptedQueueConsumerOptions } from '../../queue/consumer/consumer-options.js';

export interface EncryptedQueueHandlerOptions extends EncryptedQueueConsumerOptions {
  /** Name of the account, if there are several. The default is the account without a name. */
  readonly account?: string;
  /**
   * Whether polling begins when the application starts. With `false`, start it with `EncryptedQueueConsumers`.
   *
   * @defaultValue true
   */
  readonly autoStart?: boolean;
}

interface QueueHandlerRecord {
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

/** The handlers of a class, including inherited ones. A method that a subclass decorates again counts as decorated there. */
export function queueHandlersOf(prototype: object): readonly QueueHandlerMethod[] {
  const merged = new Map<string | symbol, readonly QueueHandlerRecord[]>();
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    for (const [method, records] of ownRecords(at)) if (!merged.has(method)) merged.set(method, records);
  }
  return [...merged].flatMap(([method, records]) => records.map((record) => ({ method, ...record })));
}

const ownRecords = (prototype: object): Records =>
  (Object.hasOwn(prototype, RECORD) ? (prototype as Record<symbol, Records>)[RECORD] : undefined) ?? new Map();
