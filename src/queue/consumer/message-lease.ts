/** The time for which a received message is ours: renewed while it is needed, ended by deleting or releasing the message. */
import type { QueueClient, ReceivedMessageItem } from '@azure/storage-queue';

const MS = 1000;
/** Parts of the visibility timeout: when to renew, and when to try again after a renewal that failed. */
const RENEWAL = 1 / 2;
const RENEWAL_RETRY = 1 / 8;

export interface LeaseOptions {
  /** Seconds. */
  readonly visibilityTimeout: number;
  /** Told of renewals that failed, though the message may still be ours. */
  readonly onFailure: (error: unknown) => void;
}

export class MessageLease {
  readonly #abort = new AbortController();
  /** Each renewal gives a new one, and the old one is worth nothing. */
  #popReceipt: string;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();
  #isLost = false;

  constructor(
    private readonly queue: QueueClient,
    private readonly item: ReceivedMessageItem,
    private readonly options: LeaseOptions,
  ) {
    this.#popReceipt = item.popReceipt;
    this.#renewAfter(RENEWAL);
  }

  /** Aborted when the message is ours no more, or when work on it is to stop. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether somebody else has the message, or nobody because it expired. */
  get isLost(): boolean {
    return this.#isLost;
  }

  abort(reason: string): void {
    this.#abort.abort(new DOMException(reason, 'AbortError'));
  }

  async delete(): Promise<void> {
    await this.#end((popReceipt) => this.queue.deleteMessage(this.item.messageId, popReceipt));
  }

  /** Makes the message visible to everybody after so many seconds. */
  async release(seconds: number): Promise<void> {
    const visibility = Math.ceil(seconds);
    await this.#end((popReceipt) => this.queue.updateMessage(this.item.messageId, popReceipt, undefined, visibility));
  }

  /** Lets the time run out; for what was lost already, or cannot be settled. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#renewal;
    clearTimeout(this.#timer);
  }

  async #end(settle: (popReceipt: string) => Promise<unknown>): Promise<void> {
    await this.stop();
    if (this.#isLost) return;
    await this.#unlessLost(() => settle(this.#popReceipt));
  }

  #renewAfter(part: number): void {
    const renew = (): void => {
      this.#renewal = this.#renew();
    };
    this.#timer = setTimeout(renew, this.options.visibilityTimeout * part * MS);
  }

  async #renew(): Promise<void> {
    const { messageId } = this.item;
    try {
      await this.#unlessLost(async () => {
        const { visibilityTimeout } = this.options;
        const renewed = await this.queue.updateMessage(messageId, this.#popReceipt, undefined, visibilityTimeout);
        this.#popReceipt = renewed.popReceipt ?? this.#popReceipt;
        this.#renewAfter(RENEWAL);
      });
    } catch (error) {
      this.options.onFailure(error);
      this.#renewAfter(RENEWAL_RETRY);
    }
  }

  async #unlessLost(request: () => Promise<unknown>): Promise<void> {
    try {
      await request();
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#isLost = true;
      this.abort('The message is no longer ours: it expired, or somebody else has received it');
    }
  }
}

function isGone(error: unknown): boolean {
  const { statusCode, code } = (error ?? {}) as { readonly statusCode?: unknown; readonly code?: unknown };
  return statusCode === 404 || code === 'PopReceiptMismatch';
}
