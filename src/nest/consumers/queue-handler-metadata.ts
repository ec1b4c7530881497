/** What `@EncryptedQueueHandler()` records on a class. */
import { ClassRecord } from '../../decorators/class-record.js';
import { chainOf } from '../../decorators/encryption-metadata.js';
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

const HANDLERS = new ClassRecord<ReadonlyMap<string | symbol, readonly QueueHandlerRecord[]>>(
  'queue-handlers',
  new Map(),
);

export function recordQueueHandler(prototype: object, method: string | symbol, record: QueueHandlerRecord): void {
  const known = HANDLERS.at(prototype);
  HANDLERS.replace(prototype, new Map(known).set(method, [record, ...(known.get(method) ?? [])]));
}

/** The handlers of a class, including inherited ones. A method that a subclass decorates again counts as decorated there. */
export function queueHandlersOf(prototype: object): readonly QueueHandlerMethod[] {
  const merged = new Map<string | symbol, readonly QueueHandlerRecord[]>();
  for (const at of chainOf(prototype).toReversed()) {
    for (const [method, records] of HANDLERS.at(at)) if (!merged.has(method)) merged.set(method, records);
  }
  return [...merged].flatMap(([method, records]) => records.map((record) => ({ method, ...record })));
}
