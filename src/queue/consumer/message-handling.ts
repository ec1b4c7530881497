/**
 * One message from its receive to its end: opened, handled, and then deleted, made visible again, or moved to the poison queue.
 */
import type { QueueClient, ReceivedMessageItem } from '@azure/storage-queue';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { keyIdOf } from '../../wire/queue-message.js';
import { isContentFault, isLockedOut } from '../../envelope/content-fault.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { sendStored } from '../service-answer.js';
import { backOff, type BackOffRange } from './back-off.js';
import { type Clock, within } from '../../clock.js';
import type { EventMessage, Report } from './consumer-event.js';
import type { ConsumerSettings } from './consumer-options.js';
import type { EncryptedQueueMessageHandler } from './encrypted-queue-message.js';
import { callHandler } from './handler-call.js';
import { isCausedByKeyOutage, isUnprocessable } from './handler-error.js';
import type { KeyOutages } from './key-outages.js';
import { MessageLease, REQUEST_TIMEOUT } from './message-lease.js';
import { openMessageInTime } from './message-opening.js';
import { formatPoisonMessage } from './poison-message.js';
import { hidesItsFailure, type PoisonReason, poisonReasonOf } from './poison-reason.js';
import type { Outcome } from './outcome.js';
import { ReceiveHistory } from './receive-history.js';

export interface HandlingParts {
  readonly queue: EncryptedQueueClient;
  readonly poisonQueue: QueueClient;
  readonly handler: EncryptedQueueMessageHandler;
  readonly settings: ConsumerSettings;
  readonly outages: KeyOutages;
  readonly clock: Clock;
  readonly report: Report;
}

/** A message, and the time on the clock when the request that received it was sent. */
export interface Received {
  readonly item: ReceivedMessageItem;
  readonly receivedAt: number;
}

/** Time to live of a poison message. Nobody may have looked at it within the service's default of seven days. */
const NEVER = -1;
/**
 * Seconds for which a message is postponed if its key cannot be used. They increase each time, so that other messages get their
 * turn.
 */
const POSTPONEMENT: BackOffRange = { min: 1, max: 300 };

export class MessageHandling {
  /** The messages in progress, and a function for each that stops waiting for it. */
  readonly #running = new Map<MessageLease, (outcome: Outcome) => void>();
  readonly #history = new ReceiveHistory();

  constructor(private readonly parts: HandlingParts) {}

  /** Never rejects: failures are reported, and the message is delivered again. */
  async run(received: Received): Promise<void> {
    const { item } = received;
    const lease = this.#leaseOf(received);
    try {
      const left = new Promise<Outcome>((resolve) => this.#running.set(lease, resolve));
      await this.#settle(await Promise.race([this.#work(item, lease), left]), item, lease);
    } catch (error) {
      this.parts.report({ kind: 'unsettled', message: nameOf(item), error });
    } finally {
      await lease.stop();
      this.#running.delete(lease);
    }
  }

  /** Whether the key of the message cannot be used at the moment. */
  isKeyDown({ item }: Received): boolean {
    const { outages } = this.parts;
    return outages.hasAny && outages.isDown(keyIdOf(item.messageText) ?? '');
  }

  /** Makes a message whose key cannot be used visible later. Never rejects. */
  postpone(received: Received): Promise<void> {
    const { item } = received;
    return this.#giveUp(received, this.#postponementOf(item));
  }

  /** Returns a message to the queue whose handling has not begun. Never rejects. */
  giveBack(received: Received): Promise<void> {
    this.#history.excuse(received.item);
    return this.#giveUp(received, 0);
  }

  /** Aborts the signals of all handlers. */
  abortAll(): void {
    for (const lease of this.#running.keys()) lease.abort('The consumer is stopping');
  }

  /** Stops waiting for handlers. Their messages are made visible again. */
  leaveAll(): void {
    for (const leave of this.#running.values()) leave({ kind: 'abandoned' });
  }

  #leaseOf({ item, receivedAt }: Received): MessageLease {
    const { queue, settings, clock, report } = this.parts;
    const message = nameOf(item);
    return new MessageLease(queue.unencryptedClient, item, {
      clock,
      visibilityTimeout: settings.visibilityTimeout,
      receivedAt,
      onRenewalFailed: (error) => report({ kind: 'renewalFailed', message, error }),
      onLost: () => report({ kind: 'lost', message }),
    });
  }

  async #work(item: ReceivedMessageItem, lease: MessageLease): Promise<Outcome> {
    const known = this.#history.hopelessnessOf(item);
    if (known !== undefined) return { kind: 'failed', error: known };
    let bytes: Buffer;
    try {
      bytes = await openMessageInTime(this.parts, item.messageText, lease.signal);
    } catch (error) {
      return lease.signal.aborted ? { kind: 'abandoned' } : this.#unopened(item, error);
    }
    // the key may have taken longer than the lease
    if (lease.isLost) return { kind: 'abandoned' };
    if (this.#isReceivedTooOften(item)) {
      return { kind: 'hopeless', reason: poisonReasonOf(item.messageText, 'DEQUEUED_TOO_OFTEN') };
    }
    return this.#handle(item, bytes, lease);
  }

  #unopened(item: ReceivedMessageItem, error: unknown): Outcome {
    const { messageText } = item;
    if (isContentFault(error)) {
      if (hidesItsFailure(messageText, error.code)) return this.#hopelessInTime(item, error);
      return { kind: 'hopeless', reason: error.code as PoisonReason, error };
    }
    if (!isEncryptedStorageError(error)) return { kind: 'failed', error };
    if (!isLockedOut(error)) this.parts.outages.failed(keyIdOf(messageText) ?? '', messageText, error);
    return { kind: 'excused', retryDelay: this.#postponementOf(item) };
  }

  async #handle(item: ReceivedMessageItem, bytes: Buffer, lease: MessageLease): Promise<Outcome> {
    try {
      await callHandler(this.parts, { item, bytes }, lease.signal);
      return { kind: 'handled' };
    } catch (error) {
      if (lease.signal.aborted) return { kind: 'abandoned' };
      if (isCausedByKeyOutage(error)) {
        this.#history.excuse(item);
        return { kind: 'excused', retryDelay: this.#retryDelay(item.dequeueCount), error };
      }
      if (!isUnprocessable(error)) return { kind: 'failed', error };
      if (hidesItsFailure(item.messageText, 'UNPROCESSABLE_MESSAGE')) return this.#hopelessInTime(item, error);
      return { kind: 'hopeless', reason: 'UNPROCESSABLE_MESSAGE', error };
    }
  }

  /** Fails as often and as slowly as a message whose handler fails, without calling the key or the handler again. */
  #hopelessInTime(item: ReceivedMessageItem, error: Error): Outcome {
    this.#history.remember(item, error);
    return { kind: 'failed', error };
  }

  async #settle(outcome: Outcome, item: ReceivedMessageItem, lease: MessageLease): Promise<void> {
    if (outcome.kind === 'handled') {
      if (await lease.delete()) this.parts.report({ kind: 'handled', message: nameOf(item) });
      return;
    }
    if (outcome.kind === 'abandoned') this.#history.excuse(item);
    if (lease.isLost) return;
    switch (outcome.kind) {
      case 'failed':
        return this.#fail(outcome.error, item, lease);
      case 'hopeless':
        return this.#poison(outcome, item, lease);
      case 'excused':
        return this.#release(item, lease, outcome);
      case 'abandoned':
        return this.#release(item, lease, { retryDelay: 0 });
    }
  }

  async #fail(error: unknown, item: ReceivedMessageItem, lease: MessageLease): Promise<void> {
    const failures = this.#history.countOf(item);
    const hides = hidesItsFailure(item.messageText, 'HANDLER_FAILED');
    if (failures >= this.parts.settings.maxFailures || (hides && this.#isReceivedTooOften(item))) {
      const reason = poisonReasonOf(item.messageText, 'HANDLER_FAILED');
      return this.#poison({ kind: 'hopeless', reason, error }, item, lease);
    }
    const retryDelay = this.#retryDelay(failures);
    if (await lease.release(retryDelay)) {
      this.parts.report({ kind: 'failed', message: nameOf(item), error, retryDelay });
    }
  }

  /** Writes to the poison queue before it deletes. A failure between the two leaves the message in both queues, never in none. */
  async #poison(
    { reason, error }: Extract<Outcome, { kind: 'hopeless' }>,
    item: ReceivedMessageItem,
    lease: MessageLease,
  ): Promise<void> {
    const { messageId, dequeueCount, insertedOn, messageText } = item;
    const { poisonQueue, queue, clock, report } = this.parts;
    const facts = { reason, queue: queue.name, messageId, dequeueCount, insertedOn, poisonedOn: new Date() };
    const { text, isWrapped } = formatPoisonMessage(messageText, facts);
    try {
      await within({ clock, seconds: REQUEST_TIMEOUT }, (abortSignal) =>
        sendStored(poisonQueue, text, { messageTimeToLive: NEVER, abortSignal }),
      );
    } catch (failure) {
      await lease.release(this.#retryDelay(dequeueCount)).catch(() => undefined);
      throw failure;
    }
    report({ kind: 'poisoned', message: nameOf(item), reason, keyId: keyIdOf(messageText), isWrapped, error });
    await lease.delete();
  }

  async #giveUp(received: Received, retryDelay: number): Promise<void> {
    const { item } = received;
    try {
      await this.#release(item, this.#leaseOf(received), { retryDelay });
    } catch (error) {
      this.parts.report({ kind: 'unsettled', message: nameOf(item), error });
    }
  }

  async #release(
    item: ReceivedMessageItem,
    lease: MessageLease,
    { retryDelay, error }: { readonly retryDelay: number; readonly error?: unknown },
  ): Promise<void> {
    if (await lease.release(retryDelay)) {
      this.parts.report({ kind: 'released', message: nameOf(item), retryDelay, error });
    }
  }

  /** Excuses this receive. Returns the seconds until its key is tried again, or more if the message has often been postponed. */
  #postponementOf(item: ReceivedMessageItem): number {
    const delay = backOff(this.#history.excuse(item), POSTPONEMENT);
    return Math.max(delay, this.parts.outages.secondsOf(keyIdOf(item.messageText) ?? ''));
  }

  #isReceivedTooOften(item: ReceivedMessageItem): boolean {
    return this.#history.countOf(item) > this.parts.settings.maxDequeueCount;
  }

  #retryDelay(failures: number): number {
    const { minRetryDelay, maxRetryDelay } = this.parts.settings;
    return backOff(failures, { min: minRetryDelay, max: maxRetryDelay });
  }
}

const nameOf = ({ messageId, dequeueCount }: ReceivedMessageItem): EventMessage => ({ messageId, dequeueCount });
