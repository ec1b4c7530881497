import type { AbortSignalLike } from '@azure/abort-controller';
import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { throwIfAborted } from '../../aborts.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { UnsupportedOperationError } from '../../errors/input.js';
import { boundedMap } from '../../streams/bounded-map.js';
import { queueState, receiveStored, sendStored } from '../service-answer.js';
import { MAX_BATCH } from './consumer-options.js';
import { parsePoisonMessage, type PoisonMessage } from './poison-message.js';

/** What the XML of a request, as the SDK writes it, or of a response does not keep. */
const LOST_IN_XML = /[\r\n\p{Cs}]|&#(?:10|13|x0?a|x0?d);/iu;

/** Which messages of a poison queue are put back. */
export interface ReplayOptions {
  /** Selects the messages to put back. Default: all. */
  readonly where?: (message: PoisonMessage) => boolean;
  /** Maximum number of messages. Default: all. */
  readonly limit?: number;
  /**
   * Ends the replay, including its requests. Messages that it has looked at become visible again, within seconds if the service
   * responds.
   */
  readonly abortSignal?: AbortSignalLike;
}

/** Seconds for which a message that is looked at is invisible to others. */
const LOOK_TIMEOUT = 300;
/** Milliseconds for a request that settles a message: deletes it, or makes it visible again. */
const SETTLE_TIMEOUT = 5_000;
/** Number of messages that are put back at the same time. */
const AT_ONCE = 8;

/**
 * Puts messages of a poison queue back into the queue, with the exact text that was stored, and deletes them from the poison
 * queue. It processes the messages that were there when it began. Consumers may keep running; what they move to the poison queue
 * in the meantime stays there. Each message is sent before it is deleted, so a failure between the two leaves it in both queues.
 *
 * @param poisonQueue - the plain client of the poison queue; its messages are not decrypted on the way
 * @returns the number of messages that were put back
 * @throws `UNSUPPORTED_OPERATION` at the end if chosen messages in plaintext have characters that the SDK would change, such as line
 * breaks. They stay in the poison queue, and all others are put back. `INVALID_SERVICE_RESPONSE` for responses of the service that cannot be right. Nothing is put back unless the first
 * response says how many messages there are, and when. Errors of the service are thrown unchanged.
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
  /** Messages that were looked at and stay, by message id. */
  private readonly kept = new Map<string, DequeuedMessageItem>();
  /** Ids of messages that were put back. */
  private readonly sent = new Set<string>();
  /** Number of messages that would not be put back as they were stored. */
  private changing = 0;
  private readonly signal: Pick<ReplayOptions, 'abortSignal'>;

  constructor(
    private readonly poisonQueue: QueueClient,
    private readonly queue: EncryptedQueueClient,
    private readonly options: ReplayOptions,
  ) {
    const { abortSignal } = options;
    this.signal = { abortSignal };
  }

  /**
   * @returns how many messages were put back
   */
  async run(): Promise<number> {
    // the clock of the service has a resolution of seconds, so the number of messages counts too
    const { date, count } = await queueState(this.poisonQueue, this.signal);
    const most = Math.min(this.options.limit ?? Infinity, count);
    try {
      while (this.sent.size < most && (await this.replaySome(most - this.sent.size, date)));
    } finally {
      await showAgain(this.poisonQueue, [...this.kept.values()]);
    }
    this.assertAllUnchanged();
    return this.sent.size;
  }

  private assertAllUnchanged(): void {
    if (this.changing === 0) return;
    throw new UnsupportedOperationError(
      `${this.sent.size} messages were put back, and ${this.changing} in plaintext stay in the poison queue, because the SDK would change ` +
        'their line breaks or other characters: leave them out with "where", or send their stored text again, encrypted',
    );
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
    // the oldest come first: kept messages and new ones are received only when all others have been looked at
    await forEach(chosen, (item) => this.putBack(item));
    return chosen.length > 0;
  }

  /** Whether it was looked at before, or was put back and poisoned again. */
  private isSeen({ messageId, messageText }: DequeuedMessageItem): boolean {
    return this.kept.has(messageId) || this.sent.has(parsePoisonMessage(messageText).facts?.messageId ?? '');
  }

  private async putBack(item: DequeuedMessageItem): Promise<void> {
    const { where = () => true, abortSignal } = this.options;
    throwIfAborted(abortSignal);
    const message = parsePoisonMessage(item.messageText);
    if (!where(message)) return;
    // between the members of sealed JSON, nothing is lost
    if (message.keyId === null && LOST_IN_XML.test(message.storedText)) {
      this.changing += 1;
      return;
    }
    const { messageId } = await sendStored(this.queue.unencryptedClient, message.storedText, this.signal);
    this.sent.add(messageId);
    await this.poisonQueue.deleteMessage(item.messageId, item.popReceipt, settling());
    this.kept.delete(item.messageId);
  }
}

/** The caller's signal does not end settling, because a message that was put back should be in only one queue. */
const settling = () => ({ abortSignal: AbortSignal.timeout(SETTLE_TIMEOUT) });

/** Rejects with the first failure, after all tasks have ended. */
async function forEach<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void> {
  const outcomes = await boundedMap(items, AT_ONCE, async (item) => Promise.allSettled([task(item)]));
  for (const outcome of outcomes.flat()) if (outcome.status === 'rejected') throw outcome.reason;
}

/** A message that cannot be made visible now becomes visible when its time is up. */
async function showAgain(queue: QueueClient, items: readonly DequeuedMessageItem[]): Promise<void> {
  await boundedMap(items, MAX_BATCH, async ({ messageId, popReceipt }) => {
    await queue.updateMessage(messageId, popReceipt, undefined, 0, settling()).catch(() => undefined);
  });
}
