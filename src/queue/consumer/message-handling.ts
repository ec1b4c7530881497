/** One message from the receive to its end: opened, handled, and then deleted, made visible again, or moved to the poison queue. */
import type { QueueClient, ReceivedMessageItem } from '@azure/storage-queue';
import { LRUCache } from 'lru-cache';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { traced } from '../../tracing/span.js';
import { keyIdOf } from '../../wire/queue-message.js';
import { isContentFault } from '../../envelope/content-fault.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { backOff } from './back-off.js';
import type { EventMessage, Report } from './consumer-event.js';
import type { ConsumerSettings } from './consumer-options.js';
import { EncryptedQueueMessage, type EncryptedQueueMessageHandler } from './encrypted-queue-message.js';
import type { KeyOutages } from './key-outages.js';
import { MessageLease } from './message-lease.js';
import { formatPoisonMessage, type PoisonReason } from './poison-message.js';

export interface HandlingParts {
  readonly queue: EncryptedQueueClient;
  readonly poisonQueue: QueueClient;
  readonly handler: EncryptedQueueMessageHandler;
  readonly settings: ConsumerSettings;
  readonly outages: KeyOutages;
  readonly report: Report;
}

/** How it went with a message. */
type Outcome =
  | { readonly kind: 'handled' | 'abandoned' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'hopeless'; readonly reason: PoisonReason; readonly error?: unknown }
  /** A key could not be reached, here or in the handler; `retryDelay` seconds may help. */
  | { readonly kind: 'excused'; readonly retryDelay: number; readonly error?: unknown };

/** Messages whose receives without fault are remembered; a forgotten one goes to the poison queue earlier, not without cause. */
const MAX_EXCUSED = 10_000;
/** Time to live of a poison message: nobody may have looked within the service's own seven days. */
const NEVER = -1;

export class MessageHandling {
  /** What is being worked on, and how to stop waiting for it. */
  readonly #running = new Map<MessageLease, (outcome: Outcome) => void>();
  /** Receives of a message that ended without its fault, by message id. */
  readonly #excused = new LRUCache<string, number>({ max: MAX_EXCUSED });

  constructor(private readonly parts: HandlingParts) {}

  /** Never rejects: what goes wrong is reported, and the message comes again. */
  async run(item: ReceivedMessageItem): Promise<void> {
    const lease = this.#leaseOf(item);
    try {
      const left = new Promise<Outcome>((resolve) => this.#running.set(lease, resolve));
      const outcome = await Promise.race([this.#work(item, lease), left]);
      if (!lease.isLost) await this.#settle(outcome, item, lease);
      if (lease.isLost) this.parts.report({ kind: 'lost', message: nameOf(item) });
    } catch (error) {
      this.parts.report({ kind: 'unsettled', message: nameOf(item), error });
    } finally {
      await lease.stop();
      this.#running.delete(lease);
    }
  }

  /** Gives back a message that nobody has begun to handle. */
  async giveBack(item: ReceivedMessageItem): Promise<void> {
    const lease = this.#leaseOf(item);
    await this.#release(item, lease, { retryDelay: 0 }).catch((error: unknown) =>
      this.parts.report({ kind: 'unsettled', message: nameOf(item), error }),
    );
  }

  /** Aborts the signals of all handlers. */
  abortAll(): void {
    for (const lease of this.#running.keys()) lease.abort('The consumer is stopping');
  }

  /** Waits for no handler any longer: their messages are made visible again. */
  leaveAll(): void {
    for (const leave of this.#running.values()) leave({ kind: 'abandoned' });
  }

  #leaseOf(item: ReceivedMessageItem): MessageLease {
    const { queue, settings, report } = this.parts;
    return new MessageLease(queue.unencryptedClient, item, {
      visibilityTimeout: settings.visibilityTimeout,
      onFailure: (error) => report({ kind: 'unsettled', message: nameOf(item), error }),
    });
  }

  async #work(item: ReceivedMessageItem, lease: MessageLease): Promise<Outcome> {
    const keyId = keyIdOf(item.messageText) ?? '';
    const { outages, queue, settings } = this.parts;
    if (outages.isDown(keyId)) return { kind: 'excused', retryDelay: outages.secondsOf(keyId) };
    let bytes: Buffer;
    try {
      bytes = await queue.decryptMessage(item.messageText, { abortSignal: lease.signal });
    } catch (error) {
      if (lease.signal.aborted) return { kind: 'abandoned' };
      if (isContentFault(error)) return { kind: 'hopeless', reason: error.code as PoisonReason, error };
      outages.failed(keyId, item.messageText, error);
      return { kind: 'excused', retryDelay: outages.secondsOf(keyId) };
    }
    if (this.#countOf(item) > settings.maxDequeueCount) return { kind: 'hopeless', reason: 'DEQUEUED_TOO_OFTEN' };
    return this.#handle(new EncryptedQueueMessage(item, bytes), lease);
  }

  async #handle(message: EncryptedQueueMessage, lease: MessageLease): Promise<Outcome> {
    try {
      await traced('EncryptedQueueConsumer.handle', {}, async () => this.parts.handler(message, lease.signal));
      return { kind: 'handled' };
    } catch (error) {
      if (lease.signal.aborted) return { kind: 'abandoned' };
      if (isKeyUnavailable(error)) {
        return { kind: 'excused', retryDelay: this.#retryDelay(message.dequeueCount), error };
      }
      if (isUnprocessable(error)) return { kind: 'hopeless', reason: 'UNPROCESSABLE_MESSAGE', error };
      return { kind: 'failed', error };
    }
  }

  async #settle(outcome: Outcome, item: ReceivedMessageItem, lease: MessageLease): Promise<void> {
    switch (outcome.kind) {
      case 'handled':
        await lease.delete();
        if (!lease.isLost) this.parts.report({ kind: 'handled', message: nameOf(item) });
        return;
      case 'failed':
        return this.#fail(outcome.error, item, lease);
      case 'hopeless':
        return this.#poison(outcome, item, lease);
      case 'excused':
        this.#excused.set(item.messageId, (this.#excused.get(item.messageId) ?? 0) + 1);
        return this.#release(item, lease, outcome);
      case 'abandoned':
        return this.#release(item, lease, { retryDelay: 0 });
    }
  }

  async #fail(error: unknown, item: ReceivedMessageItem, lease: MessageLease): Promise<void> {
    const failures = this.#countOf(item);
    if (failures >= this.parts.settings.maxFailures) {
      return this.#poison({ kind: 'hopeless', reason: 'HANDLER_FAILED', error }, item, lease);
    }
    const retryDelay = this.#retryDelay(failures);
    await lease.release(retryDelay);
    if (!lease.isLost) this.parts.report({ kind: 'failed', message: nameOf(item), error, retryDelay });
  }

  /** Put first, deleted then: a failure between the two leaves the message in both queues, never in none. */
  async #poison(
    { reason, error }: Extract<Outcome, { kind: 'hopeless' }>,
    item: ReceivedMessageItem,
    lease: MessageLease,
  ): Promise<void> {
    const { messageId, dequeueCount, insertedOn, messageText } = item;
    const { poisonQueue, queue, report } = this.parts;
    const facts = { reason, queue: queue.name, messageId, dequeueCount, insertedOn, poisonedOn: new Date() };
    const { text, isWrapped } = formatPoisonMessage(messageText, facts);
    try {
      await poisonQueue.sendMessage(text, { messageTimeToLive: NEVER });
    } catch (failure) {
      await lease.release(this.#retryDelay(dequeueCount)).catch(() => undefined);
      throw failure;
    }
    report({ kind: 'poisoned', message: nameOf(item), reason, keyId: keyIdOf(messageText), isWrapped, error });
    await lease.delete();
  }

  async #release(
    item: ReceivedMessageItem,
    lease: MessageLease,
    { retryDelay, error }: { readonly retryDelay: number; readonly error?: unknown },
  ): Promise<void> {
    await lease.release(retryDelay);
    if (!lease.isLost) this.parts.report({ kind: 'released', message: nameOf(item), retryDelay, error });
  }

  /** Receives of a message, without those that ended without its fault. */
  #countOf({ messageId, dequeueCount }: ReceivedMessageItem): number {
    return dequeueCount - (this.#excused.get(messageId) ?? 0);
  }

  #retryDelay(failures: number): number {
    const { minRetryDelay, maxRetryDelay } = this.parts.settings;
    return backOff(failures, { min: minRetryDelay, max: maxRetryDelay });
  }
}

const nameOf = ({ messageId, dequeueCount }: ReceivedMessageItem): EventMessage => ({ messageId, dequeueCount });

const isUnprocessable = (error: unknown): boolean =>
  isEncryptedStorageError(error) && error.code === 'UNPROCESSABLE_MESSAGE';

/** How deep a cause is looked for; causes may go round in a circle. */
const MAX_CAUSES = 10;

/** Also as the cause of another error: a handler may use a key itself, and tell of it in its own words. */
function isKeyUnavailable(error: unknown, depth = 0): boolean {
  if (isEncryptedStorageError(error) && error.code === 'KEY_UNAVAILABLE') return true;
  return error instanceof Error && depth < MAX_CAUSES && isKeyUnavailable(error.cause, depth + 1);
}
