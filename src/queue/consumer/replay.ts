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
  { where = () => true, limit = Infinity, abortSignal }: ReplayOptions = {},
): Promise<number> {
  const signal = abortSignal === undefined ? {} : { abortSignal };
  // the clock of the service has a resolution of seconds, so the number of messages counts too
  const beginning = await queueState(poisonQueue, signal);
  // what was looked at and stays, by message id; and ids of what was put back
  const kept = new Map<string, DequeuedMessageItem>();
  const sent = new Set<string>();
  const wasThere = ({ messageId, insertedOn, messageText }: DequeuedMessageItem): boolean => {
    const isPoisonedAgain = sent.has(parsePoisonMessage(messageText).facts?.messageId ?? '');
    return !kept.has(messageId) && insertedOn <= beginning.date && !isPoisonedAgain;
  };
  const putBack = async (item: DequeuedMessageItem): Promise<void> => {
    if (abortSignal?.aborted === true) throw new AbortError('The operation was aborted.');
    const message = parsePoisonMessage(item.messageText);
    if (!where(message)) return;
    const { messageId } = await sendStored(queue.unencryptedClient, message.storedText, signal);
    sent.add(messageId);
    await poisonQueue.deleteMessage(item.messageId, item.popReceipt, settling());
    kept.delete(item.messageId);
  };
  const most = Math.min(limit, beginning.count);
  const look = { visibilityTimeout: LOOK_TIMEOUT, ...signal };
  try {
    while (sent.size < most) {
      const numberOfMessages = Math.min(MAX_BATCH, most - sent.size);
      const { receivedMessageItems: items } = await receiveStored(poisonQueue, { ...look, numberOfMessages });
      const chosen = items.filter(wasThere);
      for (const item of items) kept.set(item.messageId, item);
      // the oldest come first: what was kept comes again, and what is new comes, when all others were looked at
      if (chosen.length === 0) break;
      await forEach(chosen, putBack);
    }
  } finally {
    await showAgain(poisonQueue, [...kept.values()]);
  }
  return sent.size;
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
