/**
 * How fast requests are sent to one vault. A vault limits the requests of the whole application, so the host matters, not the
 * policy:
 *
 *     429, 503        the whole vault pauses: 1, 2, 4, 8, 16 s with jitter, or as long as Retry-After says; half as many calls at once
 *     an answer       one more call at once, up to the limit
 *     a rate          calls are spread evenly; if policies differ, the lowest rate applies
 *
 * Each call has a place on a clock that stops while the vault pauses, so that a pause delays waiting calls without releasing all
 * of them at once when it ends.
 */
import { LRUCache } from 'lru-cache';
import { aborted, linkedAbort, onAbort, throwIfAborted } from '../../aborts.js';
import { type Clock, MS, pause, systemClock } from '../../clock.js';
import { isThrottled, statusOf } from '../../service-errors.js';
import { traced } from '../../tracing/span.js';
import type { KeyOperationOptions } from '../key-encryption-key.js';

/** What happened to a call to a vault before it was made. */
export type PaceEvent =
  | { readonly kind: 'waited'; readonly milliseconds: number }
  | { readonly kind: 'throttled'; readonly status: number; readonly pause: number };

/** What accompanies a call. */
interface PacedCall extends Pick<KeyOperationOptions, 'abortSignal' | 'tracingOptions'> {
  readonly onEvent?: (event: PaceEvent) => void;
  /** Ends the wait before a call, but no call in progress. */
  readonly closing?: AbortSignal;
}

/** The part of an error of the SDK that is used. */
interface Refusal {
  readonly statusCode: number;
  readonly response?: { readonly headers?: { get?(name: string): string | undefined } | undefined } | undefined;
}

const MOST_AT_ONCE = 256;
/** A call gives up after this many refusals and this much time: under heavy load some calls are refused again and again. */
const LEAST_ATTEMPTS = 6;
const LEAST_PATIENCE = 15_000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 16_000;
/** If the vault asks for a longer pause than this, calls do not wait for it. */
const MOST_PATIENCE = 60_000;
/** The vault is asked again after this time, whatever it asked for: a wrong header must not end all calls for good. */
const LONGEST_ASKED_PAUSE = 600_000;
/** Shorter waits are only rounding errors. */
const SHORTEST_WAIT = 0.01;

const CLOSED = 'The application shut down while a call waited for its turn at the vault';

export class VaultPace {
  readonly #rates = new Map<symbol, number>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #atOnce = MOST_AT_ONCE;
  #pauses = 0;
  #pausedUntil = -Infinity;
  /** The next place, on the clock that stops in pauses. */
  #nextPlace = -Infinity;
  /** Milliseconds of all pauses, up to the end of the current one. */
  #pausedFor = 0;
  /** The last refusal. */
  #reason: unknown;

  constructor(
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {}

  /** Limits calls per second until the returned function is called. */
  limit(requestsPerSecond: number): () => void {
    const claim = Symbol('rate');
    this.#rates.set(claim, requestsPerSecond);
    return () => this.#rates.delete(claim);
  }

  /** Makes the call when the pace allows it, and retries it if the vault answers that it is too busy. */
  async run<Answer>(call: () => Promise<Answer>, paced: PacedCall = {}): Promise<Answer> {
    const began = this.clock.now();
    for (let attempt = 1; ; attempt += 1) {
      await this.#enter(paced);
      try {
        const answer = await call();
        this.#answered();
        return answer;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        const pause = this.#pause(error);
        paced.onEvent?.({ kind: 'throttled', status: error.statusCode, pause });
        if (attempt >= LEAST_ATTEMPTS && this.clock.now() - began >= LEAST_PATIENCE) throw error;
      } finally {
        this.#leave();
      }
    }
  }

  async #enter({ abortSignal, tracingOptions, onEvent, closing }: PacedCall): Promise<void> {
    throwIfAborted(abortSignal);
    const began = this.clock.now();
    if (this.#running < this.#atOnce && this.#isOpen()) {
      this.#running += 1;
      this.#place();
      return;
    }
    const { controller, unlink } = linkedAbort(abortSignal, closing);
    try {
      throwIfAborted(controller.signal);
      await traced('KeyVault.wait', { tracingOptions }, () => this.#wait(controller.signal));
    } catch (error) {
      throw closing?.aborted === true && abortSignal?.aborted !== true ? new Error(CLOSED, { cause: error }) : error;
    } finally {
      unlink();
    }
    onEvent?.({ kind: 'waited', milliseconds: this.clock.now() - began });
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#turn(signal);
    try {
      await this.#untilAllowed(signal);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        stopListening();
        this.#running += 1;
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(aborted());
      };
      const stopListening = onAbort(signal, giveUp);
      this.#waiting.push(enter);
    });
  }

  #leave(): void {
    this.#running -= 1;
    while (this.#running < this.#atOnce && this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  #isOpen(): boolean {
    const now = this.clock.now();
    return now >= this.#pausedUntil && now - this.#pausedFor >= this.#nextPlace;
  }

  /** A pause may begin while a call waits for its place. */
  async #untilAllowed(signal: AbortSignal): Promise<void> {
    const place = this.#place();
    for (;;) {
      const now = this.clock.now();
      if (this.#pausedUntil - now > MOST_PATIENCE) throw this.#reason;
      const wait = place + this.#pausedFor - now;
      if (wait < SHORTEST_WAIT) return;
      await pause(this.clock, wait / MS, signal);
      throwIfAborted(signal);
    }
  }

  #place(): number {
    const rate = Math.min(Infinity, ...this.#rates.values());
    const place = Math.max(this.#nextPlace, Math.max(this.clock.now(), this.#pausedUntil) - this.#pausedFor);
    this.#nextPlace = place + (Number.isFinite(rate) ? MS / rate : 0);
    return place;
  }

  #answered(): void {
    this.#pauses = 0;
    this.#atOnce = Math.min(MOST_AT_ONCE, this.#atOnce + 1);
  }

  /** Milliseconds from now until requests may be sent to the vault again. */
  #pause(refusal: Refusal): number {
    this.#reason = refusal;
    const now = this.clock.now();
    // refusals of calls that were in progress together count as one
    const isFirst = now >= this.#pausedUntil;
    const retryAfter = retryAfterOf(refusal);
    if (retryAfter !== undefined) this.#pauseUntil(now + retryAfter);
    else if (isFirst) this.#pauseUntil(now + this.#nextPause());
    if (isFirst) this.#atOnce = Math.max(1, Math.floor(this.#atOnce / 2));
    return Math.max(0, this.#pausedUntil - now);
  }

  #pauseUntil(end: number): void {
    const begin = Math.max(this.clock.now(), this.#pausedUntil);
    if (end <= begin) return;
    this.#pausedFor += end - begin;
    this.#pausedUntil = end;
  }

  #nextPause(): number {
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#pauses);
    this.#pauses += 1;
    return pause * (0.5 + this.random() / 2);
  }
}

/** The paces of all vaults that this process uses. The least recently used ones are forgotten. */
export class VaultPaces {
  readonly #paces = new LRUCache<string, VaultPace>({ max: 1000 });

  constructor(
    private readonly clock: Clock = systemClock,
    private readonly random: () => number = Math.random,
  ) {}

  of(vaultUrl: string): VaultPace {
    const pace = this.#paces.get(vaultUrl) ?? new VaultPace(this.clock, this.random);
    this.#paces.set(vaultUrl, pace);
    return pace;
  }

  /** Forgets the state of every vault. For tests, whose vaults share an address. */
  reset(): void {
    this.#paces.clear();
  }
}

/** One for the whole process: its policies, modules and clients share the vault's limit. */
export const sharedPaces = new VaultPaces();

const isRefusal = (error: unknown): error is Refusal => isThrottled(statusOf(error));

/** In milliseconds, from seconds or a date in the header. A date in the past asks for no pause, so our own pause applies. */
function retryAfterOf({ response }: Refusal): number | undefined {
  const retryAfter = response?.headers?.get?.('retry-after');
  if (retryAfter === undefined || retryAfter === '') return undefined;
  const milliseconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) * MS : Date.parse(retryAfter) - Date.now();
  return milliseconds > 0 ? Math.min(milliseconds, LONGEST_ASKED_PAUSE) : undefined;
}
