/**
 * How fast one vault is asked. A vault limits its requests over all of an application, so what matters is the host, not the policy:
 *
 *     429, 503        the whole vault pauses: 1, 2, 4, 8, 16 s with jitter, or as long as Retry-After says; half as many calls at once
 *     an answer       one call more at once, up to the limit
 *     a rate          calls are spread evenly; where policies differ, the lowest rate counts
 */
import { AbortError, type AbortSignalLike } from '@azure/abort-controller';
import { LRUCache } from 'lru-cache';
import { setTimeout as timeout } from 'node:timers/promises';

/** Handed in by tests. */
export interface PaceClock {
  /** Milliseconds that only grow. */
  now(): number;
  sleep(milliseconds: number, signal: AbortSignalLike | undefined): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

/** The part of an HTTP answer that is looked at. */
export interface VaultAnswer {
  readonly status?: number | undefined;
  readonly headers?: { get?(name: string): string | undefined } | undefined;
}

const MOST_AT_ONCE = 256;
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 16_000;
/** A pause that the vault asked for and that is longer than this is not waited for. */
const MOST_PATIENCE = 60_000;
const MS = 1000;
const THROTTLED = [429, 503];

export class VaultPace {
  readonly #rates = new Map<symbol, number>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #atOnce = MOST_AT_ONCE;
  #pauses = 0;
  #pausedUntil = -Infinity;
  #nextCall = -Infinity;
  #reason: unknown;
  /** Answers that said: too many requests. */
  throttled = 0;

  constructor(private readonly clock: PaceClock = realClock) {}

  /** Holds calls to so many a second until the function that it returns is called. */
  limit(requestsPerSecond: number): () => void {
    const claim = Symbol('rate');
    this.#rates.set(claim, requestsPerSecond);
    return () => this.#rates.delete(claim);
  }

  /** Makes the call when the vault may be asked, and again where it answered that it is too busy. */
  async run<Answer>(call: () => Promise<Answer>, signal?: AbortSignalLike): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      await this.#enter(signal);
      try {
        const answer = await call();
        this.#answered();
        return answer;
      } catch (error) {
        if (!this.#isThrottled(error) || attempt === MOST_ATTEMPTS) throw error;
      } finally {
        this.#leave();
      }
    }
  }

  async #enter(signal: AbortSignalLike | undefined): Promise<void> {
    if (signal?.aborted === true) throw aborted();
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#turn(signal);
    try {
      await this.#untilAllowed(signal);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #turn(signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener('abort', giveUp);
        this.#running += 1;
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(aborted());
      };
      signal?.addEventListener('abort', giveUp);
      this.#waiting.push(enter);
    });
  }

  #leave(): void {
    this.#running -= 1;
    while (this.#running < this.#atOnce && this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  /** A pause may begin while a call waits for its place in the rate, so both are looked at until there is nothing to wait for. */
  async #untilAllowed(signal: AbortSignalLike | undefined): Promise<void> {
    const place = this.#place();
    for (;;) {
      const now = this.clock.now();
      if (this.#pausedUntil - now > MOST_PATIENCE) throw this.#reason;
      const wait = Math.max(this.#pausedUntil, place) - now;
      if (!(wait > 0)) return;
      await this.clock.sleep(wait, signal);
    }
  }

  #place(): number {
    const rate = Math.min(Infinity, ...this.#rates.values());
    const place = Math.max(this.#nextCall, this.clock.now());
    this.#nextCall = place + (Number.isFinite(rate) ? MS / rate : 0);
    return place;
  }

  #answered(): void {
    this.#pauses = 0;
    this.#atOnce = Math.min(MOST_AT_ONCE, this.#atOnce + 1);
  }

  #isThrottled(error: unknown): boolean {
    const { statusCode, response } = (error ?? {}) as { readonly statusCode?: number; readonly response?: VaultAnswer };
    if (!isRefusal(statusCode)) return false;
    this.#reason = error;
    this.heed({ status: statusCode, headers: response?.headers });
    return true;
  }

  /** Pauses if this is an answer that says: too busy. An SDK that tries again by itself shows each answer here. */
  heed({ status, headers }: VaultAnswer): void {
    if (!isRefusal(status)) return;
    this.throttled += 1;
    const now = this.clock.now();
    // calls that were under way together are one refusal
    const isFirst = now >= this.#pausedUntil;
    const told = retryAfterOf(headers);
    if (told !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, now + told);
    else if (isFirst) this.#pausedUntil = now + this.#nextPause();
    if (isFirst) this.#atOnce = Math.max(1, Math.floor(this.#atOnce / 2));
  }

  #nextPause(): number {
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#pauses);
    this.#pauses += 1;
    return pause * (0.5 + this.clock.random() / 2);
  }
}

/** The paces of all vaults that this process asks. Those of vaults that were not asked for longest are forgotten. */
export class VaultPaces {
  readonly #paces: LRUCache<string, VaultPace>;

  constructor(private readonly clock: PaceClock = realClock) {
    this.#paces = new LRUCache({ max: 1000 });
  }

  of(vaultUrl: string): VaultPace {
    const pace = this.#paces.get(vaultUrl) ?? new VaultPace(this.clock);
    this.#paces.set(vaultUrl, pace);
    return pace;
  }
}

const realClock: PaceClock = {
  now: () => performance.now(),
  random: () => Math.random(),
  sleep: async (milliseconds, signal) => {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    signal?.addEventListener('abort', onAbort);
    try {
      if (signal?.aborted === true) throw aborted();
      await timeout(milliseconds, undefined, { signal: abort.signal });
    } catch {
      throw aborted();
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  },
};

/** One for the process: its policies, modules and clients share the vault's limit. */
export const sharedPaces = new VaultPaces();

const aborted = (): AbortError => new AbortError('The operation was aborted.');

const isRefusal = (status: unknown): status is number => THROTTLED.includes(status as number);

/** Milliseconds; seconds or a date in the header. */
function retryAfterOf(headers: VaultAnswer['headers']): number | undefined {
  const told = headers?.get?.('retry-after');
  if (told === undefined || told === '') return undefined;
  const milliseconds = /^\d+$/.test(told) ? Number(told) * MS : Date.parse(told) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}
