/**
 * What this process knows about messages that it received before: which receives were not failures, and which messages always
 * fail.
 */
import type { ReceivedMessageItem } from '@azure/storage-queue';
import { LRUCache } from 'lru-cache';

/** Number of messages that are remembered. A forgotten one moves to the poison queue earlier, but not without a failure. */
const MAX_MESSAGES = 100_000;

export class ReceiveHistory {
  /** Number of receives that ended for another reason than a failure of the message, by message id. */
  readonly #excused = new LRUCache<string, number>({ max: MAX_MESSAGES });
  /** Messages that always fail, and their errors. */
  readonly #hopeless = new LRUCache<string, Error>({ max: MAX_MESSAGES });

  /**
   * @returns how many receives of the message were excused, including this one
   */
  excuse({ messageId }: ReceivedMessageItem): number {
    const count = (this.#excused.get(messageId) ?? 0) + 1;
    this.#excused.set(messageId, count);
    return count;
  }

  /** Number of receives of the message, without the excused ones. */
  countOf({ messageId, dequeueCount }: ReceivedMessageItem): number {
    return dequeueCount - (this.#excused.get(messageId) ?? 0);
  }

  remember({ messageId }: ReceivedMessageItem, error: Error): void {
    this.#hopeless.set(messageId, error);
  }

  hopelessnessOf({ messageId }: ReceivedMessageItem): Error | undefined {
    return this.#hopeless.get(messageId);
  }
}
