/** What this process knows of messages that it received before: which receives were no failure, and which messages are beyond help. */
import type { ReceivedMessageItem } from '@azure/storage-queue';
import { LRUCache } from 'lru-cache';

/** Messages that are remembered; a forgotten one goes to the poison queue earlier, not without cause. */
const MAX_MESSAGES = 100_000;

export class ReceiveHistory {
  /** Receives that ended without the message's fault, by message id. */
  readonly #excused = new LRUCache<string, number>({ max: MAX_MESSAGES });
  /** Messages that fail however often they are tried, and how. */
  readonly #hopeless = new LRUCache<string, Error>({ max: MAX_MESSAGES });

  /** @returns how many receives of the message were excused, this one included */
  excuse({ messageId }: ReceivedMessageItem): number {
    const count = (this.#excused.get(messageId) ?? 0) + 1;
    this.#excused.set(messageId, count);
    return count;
  }

  /** Receives of the message, without the excused ones. */
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
