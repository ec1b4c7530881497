import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { MAX_BATCH } from './consumer-options.js';
import { parsePoisonMessage, type PoisonMessage } from './poison-message.js';

/** Which messages of a poison queue are put back. */
export interface ReplayOptions {
  /** Which messages to put back; default all. */
  readonly where?: (message: PoisonMessage) => boolean;
  /** How many at most; default all. */
  readonly limit?: number;
}

/** Seconds in which nobody else sees a message that is looked at. */
const LOOK_TIMEOUT = 300;

/**
 * Puts messages of a poison queue back into the queue, in the exact text that was stored, and deletes them from the poison
 * queue. A message is put first and deleted then: a failure between the two leaves it in both.
 *
 * @param poisonQueue - the plain client of the poison queue: its messages are not decrypted on the way
 * @returns how many were put back
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
  { where = () => true, limit = Infinity }: ReplayOptions = {},
): Promise<number> {
  const kept = new Map<string, DequeuedMessageItem>();
  let replayed = 0;
  try {
    while (replayed < limit) {
      const { receivedMessageItems } = await poisonQueue.receiveMessages({
        numberOfMessages: Math.min(MAX_BATCH, limit - replayed),
        visibilityTimeout: LOOK_TIMEOUT,
      });
      // one that was kept comes again only when all others were looked at
      if (receivedMessageItems.length === 0 || receivedMessageItems.some(({ messageId }) => kept.has(messageId))) break;
      for (const item of receivedMessageItems) {
        const message = parsePoisonMessage(item.messageText);
        if (!where(message)) {
          kept.set(item.messageId, item);
          continue;
        }
        await queue.unencryptedClient.sendMessage(message.storedText);
        await poisonQueue.deleteMessage(item.messageId, item.popReceipt);
        replayed += 1;
      }
    }
  } finally {
    await showAgain(poisonQueue, [...kept.values()]);
  }
  return replayed;
}

/** What cannot be shown again now shows itself when its time is up. */
async function showAgain(queue: QueueClient, items: readonly DequeuedMessageItem[]): Promise<void> {
  await Promise.allSettled(
    items.map(({ messageId, popReceipt }) => queue.updateMessage(messageId, popReceipt, undefined, 0)),
  );
}
