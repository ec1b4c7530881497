/**
 * The time for which this consumer holds a received message. It is measured on our own clock, from the moment before the request
 * was sent, because the service cannot have started counting earlier. So it ends here before the service shows the message to
 * another consumer, regardless of the network.
 *
 *     request sent                          expiry        visible again
 *     |-- renewal ------- more renewals ----|-- margin ---|
 */
import type { QueueClient, ReceivedMessageItem } from '@azure/storage-queue';
import { isMessageGone, isMissing } from '../../service-errors.js';
import { type Clock, MS, within } from '../../clock.js';

/** Seconds that the service has to respond to any request except a renewal. */
export const REQUEST_TIMEOUT = 30;

/** Fractions of the visibility timeout: when to renew, and when to retry a failed renewal. */
const RENEWAL = 1 / 3;
const RENEWAL_RETRY = 1 / 8;
/** Fraction of the remaining time that one renewal may take, so that there is time for others afterwards. */
const RENEWAL_DEADLINE = 1 / 2;
/** No renewal is tried if fewer seconds remain. */
const LEAST_TIME = 0.05;
/** How much earlier the time ends here than at the service, because clocks differ in speed and timers come late. */
const MARGIN = { part: 1 / 50, least: 1, mostPart: 1 / 4 };

interface LeaseOptions {
  readonly clock: Clock;
  /** Seconds, for the receive and for each renewal. */
  readonly visibilityTimeout: number;
  /** Time on the clock before the request that received the message was sent. */
  readonly receivedAt: number;
  /** Called for each renewal that failed. The message is still held, and the renewal is retried. */
  readonly onRenewalFailed: (error: unknown) => void;
  /** Called once, when the message is lost. */
  readonly onLost: () => void;
}

export class MessageLease {
  readonly #abort = new AbortController();
  /** Each renewal returns a new one, and the old one becomes invalid. */
  #popReceipt: string;
  #state: 'held' | 'expired' | 'gone' = 'held';
  #expiresAt: number;
  #cancelExpiry: () => void = () => undefined;
  #cancelRenewal: () => void = () => undefined;
  #renewal: Promise<void> = Promise.resolve();

  constructor(
    private readonly queue: QueueClient,
    private readonly item: ReceivedMessageItem,
    private readonly options: LeaseOptions,
  ) {
    this.#popReceipt = item.popReceipt;
    this.#expiresAt = this.#expiryFrom(options.receivedAt);
    this.#renewAfter(options.visibilityTimeout * RENEWAL * MS);
    this.#watchExpiry();
  }

  /** Aborted when the message is lost, or when work on it has to stop. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether the time is up, or another consumer has the message. Checks the clock, because a timer may come late. */
  get isLost(): boolean {
    if (this.#state === 'held' && this.#left() <= 0) this.#lose('expired');
    return this.#state !== 'held';
  }

  abort(reason: string): void {
    this.#abort.abort(new DOMException(reason, 'AbortError'));
  }

  /**
   * Works even after the time is up, as long as no other consumer has received the message, because it has been handled and must
   * not be handled again.
   *
   * @returns whether the message is deleted
   */
  async delete(): Promise<boolean> {
    await this.stop();
    if (this.#state === 'gone') return false;
    try {
      await this.#within(REQUEST_TIMEOUT, (abortSignal) =>
        this.queue.deleteMessage(this.item.messageId, this.#popReceipt, { abortSignal }),
      );
    } catch (error) {
      // the response to an earlier try may have been lost
      if (isMissing(error)) return true;
      if (!isMessageGone(error)) throw error;
      this.#lose('gone');
      return false;
    }
    return true;
  }

  /**
   * Makes the message visible to all consumers after this number of seconds.
   *
   * @returns whether the message was still held
   */
  async release(seconds: number): Promise<boolean> {
    await this.stop();
    if (this.isLost) return false;
    try {
      await this.#within(REQUEST_TIMEOUT, (abortSignal) => this.#update(Math.ceil(seconds), abortSignal));
    } catch (error) {
      if (!isMessageGone(error)) throw error;
      this.#lose('gone');
    }
    return this.#state === 'held';
  }

  /** Lets the time run out, for a message that is already lost or cannot be settled. */
  async stop(): Promise<void> {
    this.#cancelRenewal();
    await this.#renewal;
    this.#cancelRenewal();
    this.#cancelExpiry();
  }

  #expiryFrom(sentAt: number): number {
    const { visibilityTimeout } = this.options;
    const margin = Math.min(
      visibilityTimeout * MARGIN.mostPart,
      Math.max(MARGIN.least, visibilityTimeout * MARGIN.part),
    );
    return sentAt + (visibilityTimeout - margin) * MS;
  }

  #left(): number {
    return this.#expiresAt - this.options.clock.now();
  }

  #watchExpiry(): void {
    this.#cancelExpiry();
    this.#cancelExpiry = this.options.clock.after(Math.max(1, this.#left()), () => {
      // a timer may come slightly early
      if (!this.isLost) this.#watchExpiry();
    });
  }

  #renewAfter(milliseconds: number): void {
    this.#cancelRenewal = this.options.clock.after(milliseconds, () => {
      this.#renewal = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { clock, visibilityTimeout } = this.options;
    if (this.isLost || this.#left() < LEAST_TIME * MS) return;
    const sentAt = clock.now();
    try {
      const deadline = Math.min(REQUEST_TIMEOUT, (this.#left() / MS) * RENEWAL_DEADLINE);
      await this.#within(deadline, (abortSignal) => this.#update(visibilityTimeout, abortSignal));
    } catch (error) {
      this.#afterFailedRenewal(error);
      return;
    }
    this.#expiresAt = this.#expiryFrom(sentAt);
    this.#watchExpiry();
    this.#renewAfter(visibilityTimeout * RENEWAL * MS);
  }

  #afterFailedRenewal(error: unknown): void {
    if (isMessageGone(error)) {
      this.#lose('gone');
      return;
    }
    if (this.isLost) return;
    this.options.onRenewalFailed(error);
    this.#renewAfter(Math.min(this.options.visibilityTimeout * RENEWAL_RETRY * MS, this.#left() / 4));
  }

  async #update(visibility: number, abortSignal: AbortSignal): Promise<void> {
    const { messageId } = this.item;
    const updated = await this.queue.updateMessage(messageId, this.#popReceipt, undefined, visibility, { abortSignal });
    this.#popReceipt = updated.popReceipt ?? this.#popReceipt;
  }

  #within<Answer>(seconds: number, request: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    return within({ clock: this.options.clock, seconds }, request);
  }

  #lose(state: 'expired' | 'gone'): void {
    const isNew = this.#state === 'held';
    this.#state = state;
    if (!isNew) return;
    this.#cancelRenewal();
    this.#cancelExpiry();
    this.abort(
      state === 'gone'
        ? 'The message was deleted, has expired, or was received by another consumer'
        : 'The message could not be renewed in time: another consumer may receive it',
    );
    this.options.onLost();
  }
}
