/** One run of a consumer, from its start to its stop: polls the queue and hands out what comes, never more than can be handled. */
import type { ReceivedMessageItem } from '@azure/storage-queue';
import { atMost, backOff, type BackOffRange, pause } from './back-off.js';
import { KeyGate } from './key-gate.js';
import { KeyOutages } from './key-outages.js';
import { type HandlingParts, MessageHandling } from './message-handling.js';

export type PollerParts = Omit<HandlingParts, 'outages'>;

/** Seconds between two polls that fail. */
const TROUBLE_DELAY: BackOffRange = { min: 1, max: 60 };
/** Seconds that an aborted handler has to come to an end, and then the service to hear of it. */
const ABORT_GRACE = 1;
const SETTLE_TIMEOUT = 5;

export class Poller {
  readonly #stopping = new AbortController();
  readonly #receiving = new AbortController();
  readonly #outages: KeyOutages;
  readonly #gate: KeyGate;
  readonly #handling: MessageHandling;
  readonly #running = new Set<Promise<void>>();
  #slotFreed: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();
  #emptyPolls = 0;
  #failedPolls = 0;

  constructor(private readonly parts: PollerParts) {
    this.#outages = new KeyOutages(parts.report);
    this.#gate = new KeyGate(parts.queue, this.#outages);
    this.#handling = new MessageHandling({ ...parts, outages: this.#outages });
  }

  start(): void {
    this.#loop = this.#run();
  }

  /**
   * A receive under way is waited for, since its messages are invisible already; what it brings is given back. Then running
   * handlers have their time, and a little more after their signal is aborted.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const ended = this.#loop.then(async () => Promise.all(this.#running));
    await atMost(this.parts.settings.shutdownTimeout, ended);
    this.#receiving.abort();
    this.#handling.abortAll();
    await atMost(ABORT_GRACE, ended);
    this.#handling.leaveAll();
    await atMost(SETTLE_TIMEOUT, ended);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const seconds = await this.#poll().catch((error: unknown) => this.#afterFailure(error));
      if (seconds > 0) await pause(seconds, signal);
      await this.#untilFree();
    }
  }

  /** @returns seconds to wait before the next poll */
  async #poll(): Promise<number> {
    const state = await this.#gate.look(this.#stopping.signal);
    const items = state === 'open' ? await this.#receive() : [];
    if (this.#failedPolls > 0) this.parts.report({ kind: 'queueAvailable' });
    this.#failedPolls = 0;
    for (const item of items) this.#begin(item);
    if (state === 'closed') return this.#outages.seconds;
    this.#emptyPolls = items.length > 0 ? 0 : this.#emptyPolls + 1;
    const { minPollDelay: min, maxPollDelay: max } = this.parts.settings;
    return items.length > 0 ? 0 : backOff(this.#emptyPolls, { min, max });
  }

  async #receive(): Promise<readonly ReceivedMessageItem[]> {
    const { queue, settings } = this.parts;
    const { receivedMessageItems } = await queue.unencryptedClient.receiveMessages({
      numberOfMessages: Math.min(settings.batchSize, settings.concurrency - this.#running.size),
      visibilityTimeout: settings.visibilityTimeout,
      abortSignal: this.#receiving.signal,
    });
    return receivedMessageItems;
  }

  #begin(item: ReceivedMessageItem): void {
    const { signal } = this.#stopping;
    const work = (signal.aborted ? this.#handling.giveBack(item) : this.#handling.run(item)).finally(() => {
      this.#running.delete(work);
      this.#slotFreed();
    });
    this.#running.add(work);
  }

  #afterFailure(error: unknown): number {
    if (this.#stopping.signal.aborted) return 0;
    this.#failedPolls += 1;
    if (this.#failedPolls === 1) this.parts.report({ kind: 'queueUnavailable', error });
    return backOff(this.#failedPolls, TROUBLE_DELAY);
  }

  async #untilFree(): Promise<void> {
    if (this.#running.size < this.parts.settings.concurrency) return;
    await new Promise<void>((resolve) => (this.#slotFreed = resolve));
  }
}
