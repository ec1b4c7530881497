import { AbortError, type AbortSignalLike } from '@azure/abort-controller';
import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { boundedMap } from '../../streams/bounded-map.js';
import { queueState, receiveStored, sendStored } from '../service-answer.js';
import { MAX_BATCH } from './consumer-options.js';
import { parsePoisonMessage, type PoisonMessage } from './poison-message.js';

/** Which messages of a poison queue are put back. */
export interface ReplayOptions {
  /** Which messages to put back; default all. */
  readonly where?: (message: PoisonMessage) => boolean;
  /** How many at most; default all. */
  readonly limit?: number;
  /** Ends the replay, requests included; what it has looked at is made visible again, within seconds if the service answers. */
  readonly abortSignal?: AbortSignalLike;
}

/** Seconds in which nobody else sees a message that is looked at. */
const LOOK_TIMEOUT = 300;
/** Milliseconds for the request that settles a message: deletes it, or makes it visible again. */
const SETTLE_TIMEOUT = 5_000;
/** Messages that are put back at the same time. */
const AT_ONCE = 8;

/**
 * Puts messages of a poison queue back into the queue, in the exact text that was stored, and deletes them from the poison
 * queue. It takes those that were there when it began: consumers may run, and what they move to the poison queue meanwhile stays
 * there. A message is put first and deleted then: a failure between the two leaves it in both.
 *
 * @param poisonQueue - the plain client of the poison queue: its messages are not decrypted on the way
 * @returns how many were put back
 * @throws `INVALID_SERVICE_RESPONSE` for answers of the service that cannot be right: nothing is put back unless the first one says how
 * many messages there are, and when; the service's own errors
 *
 * @example
 * ```ts
 * import { type EncryptedQueueService, replayPoisonMessages } from 'nestjs-azure-encrypted-storage';
 *
 * export async function replayUnreadable(queues: EncryptedQueueService, keyId: string): Promise<number> {
 *   const poisonQueue = queues.unencryptedServiceClient.getQueueClient('referrals-poison');
 *   return replayPoisonMessages(poisonQueue, queues.getQueueClient('referrals'), {
 *     where: ({ facts, keyId: wanted }) => facts?.reason === 'KEY_NOT_FOUND' && wanted === keyId,
 *   });
 * }
 * ```
 */
export async function replayPoisonMessages(
  poisonQueue: QueueClient,
  queue: EncryptedQueueClient,
  options: ReplayOptions = {},
): Promise<number> {
  return new Replay(poisonQueue, queue, options).run();
}

class Replay {
  /** What was looked at and stays, by message id. */
  private readonly kept = new Map<string, DequeuedMessageItem>();
  /** Ids of what was put back. */
  private readonly sent = new Set<string>();
  private readonly signal: Pick<ReplayOptions, 'abortSignal'>;

  constructor(
    private readonly poisonQueue: QueueClient,
    private readonly queue: EncryptedQueueClient,
    private readonly options: ReplayOptions,
  ) {
    const { abortSignal } = options;
    this.signal = abortSignal === undefined ? {} : { abortSignal };
  }

  /** @returns how many were put back */
  async run(): Promise<number> {
    // the clock of the service has a resolution of seconds, so the number of messages counts too
    const { date, count } = await queueState(this.poisonQueue, this.signal);
    const most = Math.min(this.options.limit ?? Infinity, count);
    try {
      while (this.sent.size < most && (await this.replaySome(most - this.sent.size, date)));
    } finally {
      await showAgain(this.poisonQueue, [...this.kept.values()]);
    }
    return this.sent.size;
  }

  /** @returns whether there may be more */
  private async replaySome(most: number, beginning: Date): Promise<boolean> {
    const { receivedMessageItems: items } = await receiveStored(this.poisonQueue, {
      ...this.signal,
      visibilityTimeout: LOOK_TIMEOUT,
      numberOfMessages: Math.min(MAX_BATCH, most),
    });
    const chosen = items.filter((item) => item.insertedOn <= beginning && !this.isSeen(item));
    for (const item of items) this.kept.set(item.messageId, item);
    // the oldest come first: what was kept comes again, and what is new comes, when all others were looked at
    await forEach(chosen, (item) => this.putBack(item));
    return chosen.length > 0;
  }

  /** Whether it was looked at before, or was put back and poisoned again. */
  private isSeen({ messageId, messageText }: DequeuedMessageItem): boolean {
    return this.kept.has(messageId) || this.sent.has(parsePoisonMessage(messageText).facts?.messageId ?? '');
  }

  private async putBack(item: DequeuedMessageItem): Promise<void> {
    const { where = () => true, abortSignal } = this.options;
    if (abortSignal?.aborted === true) throw new AbortError('The operation was aborted.');
    const message = parsePoisonMessage(item.messageText);
    if (!where(message)) return;
    const { messageId } = await sendStored(this.queue.unencryptedClient, message.storedText, this.signal);
    this.sent.add(messageId);
    await this.poisonQueue.deleteMessage(item.messageId, item.popReceipt, settling());
    this.kept.delete(item.messageId);
  }
}

/** Settling is not ended by the caller's signal: a message that was put back should be in one queue only. */
const settling = () => ({ abortSignal: AbortSignal.timeout(SETTLE_TIMEOUT) });

/** Rejects with the first failure, when none is under way any longer. */
async function forEach<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void> {
  const outcomes = await boundedMap(items, AT_ONCE, async (item) => Promise.allSettled([task(item)]));
  for (const outcome of outcomes.flat()) if (outcome.status === 'rejected') throw outcome.reason;
}

/** What cannot be shown again now shows itself when its time is up. */
async function showAgain(queue: QueueClient, items: readonly DequeuedMessageItem[]): Promise<void> {
  await boundedMap(items, MAX_BATCH, async ({ messageId, popReceipt }) => {
    await queue.updateMessage(messageId, popReceipt, undefined, 0, settling()).catch(() => undefined);
  });
}
