/** One run of a consumer, from start to stop. It polls the queue and passes messages on, never more than can be handled. */
import type { ReceivedMessageItem } from '@azure/storage-queue';
import { backOff, type BackOffRange } from './back-off.js';
import { atMost, MS, pause, within } from '../../clock.js';
import { MAX_BATCH } from './consumer-options.js';
import { type GateState, KeyGate } from './key-gate.js';
import { KeyOutages } from './key-outages.js';
import { type HandlingParts, MessageHandling, type Received } from './message-handling.js';
import { REQUEST_TIMEOUT } from './message-lease.js';
import { receiveStored } from '../service-answer.js';

export type PollerParts = Omit<HandlingParts, 'outages'>;

/** Seconds between two failed polls. */
const TROUBLE_DELAY: BackOffRange = { min: 1, max: 60 };
/** Seconds that an aborted handler has to finish, and then the service to receive the result. */
const ABORT_GRACE = 1;
const SETTLE_TIMEOUT = 5;
/** Fraction of the slots that one receive should fill. */
const WORTHWHILE = 1 / 2;
/** Maximum number of seconds that a free slot waits for others, no matter how slow the last receive was. */
const MAX_PATIENCE = 0.1;

export class Poller {
  readonly #stopping = new AbortController();
  readonly #receiving = new AbortController();
  readonly #gate: KeyGate;
  readonly #handling: MessageHandling;
  /** Messages that occupy a slot. */
  readonly #running = new Set<Promise<void>>();
  /** Messages that are made visible again without being handled. */
  readonly #returning = new Set<Promise<void>>();
  #slotFreed: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();
  #emptyPolls = 0;
  #failedPolls = 0;
  /** Milliseconds that the last receive took. */
  #receiveTook = 0;

  constructor(private readonly parts: PollerParts) {
    const outages = new KeyOutages(parts.clock, parts.report);
    this.#gate = new KeyGate(parts, outages);
    this.#handling = new MessageHandling({ ...parts, outages });
  }

  start(): void {
    this.#loop = this.#run();
  }

  /**
   * Waits for a pending receive, because its messages are already invisible, and returns them to the queue. Then running handlers
   * get their time, and a little more after their signal is aborted.
   */
  async stop(): Promise<void> {
    const { clock, settings } = this.parts;
    this.#stopping.abort();
    this.#slotFreed();
    const ended = this.#loop.then(async () => Promise.all([...this.#running, ...this.#returning]));
    await atMost(clock, settings.shutdownTimeout, ended);
    this.#receiving.abort();
    this.#handling.abortAll();
    await atMost(clock, ABORT_GRACE, ended);
    this.#handling.leaveAll();
    await atMost(clock, SETTLE_TIMEOUT, ended);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const seconds = await this.#poll().catch((error: unknown) => this.#afterFailure(error));
      if (seconds > 0) await pause(this.parts.clock, seconds, signal);
      await this.#untilFree();
    }
  }

  /** @returns seconds to wait before the next poll */
  async #poll(): Promise<number> {
    const state = await this.#gate.look(this.#stopping.signal);
    const received = await this.#receive(state);
    if (this.#failedPolls > 0) this.parts.report({ kind: 'queueAvailable' });
    this.#failedPolls = 0;
    for (const one of received) this.#begin(one);
    // postponing messages reveals those behind them, so check again only afterwards
    await Promise.all(this.#returning);
    if (state === 'closed') return this.#gate.seconds;
    this.#emptyPolls = received.length > 0 ? 0 : this.#emptyPolls + 1;
    const { minPollDelay: min, maxPollDelay: max } = this.parts.settings;
    return received.length > 0 ? 0 : backOff(this.#emptyPolls, { min, max });
  }

  async #receive(state: GateState): Promise<readonly Received[]> {
    if (state !== 'open' && state !== 'blocked') return [];
    const { queue, settings, clock } = this.parts;
    const receivedAt = clock.now();
    const deadline = { clock, seconds: REQUEST_TIMEOUT, signal: this.#receiving.signal };
    const { receivedMessageItems } = await within(deadline, (abortSignal) =>
      receiveStored(queue.unencryptedClient, {
        // messages that block the queue are only postponed, and occupy no slot
        numberOfMessages: state === 'blocked' ? MAX_BATCH : Math.min(settings.batchSize, this.#free),
        visibilityTimeout: settings.visibilityTimeout,
        abortSignal,
      }),
    );
    this.#receiveTook = clock.now() - receivedAt;
    return receivedMessageItems.map((item: ReceivedMessageItem) => ({ item, receivedAt }));
  }

  #begin(received: Received): void {
    const hasSlot = this.#running.size < this.parts.settings.concurrency;
    if (this.#stopping.signal.aborted) this.#track(this.#returning, this.#handling.giveBack(received));
    else if (this.#handling.isKeyDown(received)) this.#track(this.#returning, this.#handling.postpone(received));
    else if (hasSlot) this.#track(this.#running, this.#handling.run(received));
    else this.#track(this.#returning, this.#handling.giveBack(received));
  }

  #track(works: Set<Promise<void>>, work: Promise<void>): void {
    const tracked = work.finally(() => {
      works.delete(tracked);
      this.#slotFreed();
    });
    works.add(tracked);
  }

  #afterFailure(error: unknown): number {
    if (this.#stopping.signal.aborted) return 0;
    this.#failedPolls += 1;
    if (this.#failedPolls === 1) this.parts.report({ kind: 'queueUnavailable', error });
    return backOff(this.#failedPolls, TROUBLE_DELAY);
  }

  get #free(): number {
    return this.parts.settings.concurrency - this.#running.size;
  }

  /**
   * Waits for a free slot, and then for others as long as a receive takes: fetching messages one by one costs as many requests as
   * deleting them. Nothing is fetched ahead, so a slow handler keeps no message from other consumers.
   */
  async #untilFree(): Promise<void> {
    const { clock, settings } = this.parts;
    while (this.#free < 1) await this.#nextFreed();
    const worthwhile = Math.min(settings.batchSize, Math.ceil(settings.concurrency * WORTHWHILE));
    const wait = { isOver: false };
    const cancel = clock.after(Math.min(this.#receiveTook, MAX_PATIENCE * MS), () => {
      wait.isOver = true;
      this.#slotFreed();
    });
    while (!wait.isOver && this.#free < worthwhile && !this.#stopping.signal.aborted) await this.#nextFreed();
    cancel();
  }

  #nextFreed(): Promise<void> {
    return new Promise((resolve) => (this.#slotFreed = resolve));
  }
}
