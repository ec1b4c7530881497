/** Keys that cannot be used for now, by the key id that messages name; and when to ask for them again. */
import { LRUCache } from 'lru-cache';
import { backOff, type BackOffRange } from './back-off.js';
import { type Clock, MS } from './clock.js';
import type { Report } from './consumer-event.js';

interface Outage {
  readonly attempts: number;
  /** On the clock. */
  readonly retryAt: number;
  /** A stored text to ask with, for the time in which no message of the key is visible. */
  readonly text: string;
}

/** Seconds between two questions to a key that cannot be used. */
const OUTAGE_DELAY: BackOffRange = { min: 1, max: 60 };
/** Key ids are data from storage: anybody who can send may name any number of them. */
const MAX_KEYS = 100;

export class KeyOutages {
  readonly #outages = new LRUCache<string, Outage>({ max: MAX_KEYS });

  constructor(
    private readonly clock: Clock,
    private readonly report: Report,
  ) {}

  get hasAny(): boolean {
    return this.#outages.size > 0;
  }

  isDown(keyId: string): boolean {
    return this.#outages.has(keyId);
  }

  /** Seconds until the key is asked for again. */
  secondsOf(keyId: string): number {
    const { retryAt = 0 } = this.#outages.get(keyId) ?? {};
    return Math.max(0, retryAt - this.clock.now()) / MS;
  }

  /** Seconds until the first of them is asked for again. */
  get seconds(): number {
    return Math.min(OUTAGE_DELAY.max, ...[...this.#outages.keys()].map((keyId) => this.secondsOf(keyId)));
  }

  /** The keys to ask for again now, each with a text that needs it. */
  get due(): readonly (readonly [keyId: string, text: string])[] {
    return [...this.#outages.entries()]
      .filter(([keyId]) => this.secondsOf(keyId) === 0)
      .map(([keyId, { text }]) => [keyId, text]);
  }

  /** Messages that were on their way together are one failure. */
  failed(keyId: string, text: string, error: unknown): void {
    const attempts = (this.#outages.get(keyId)?.attempts ?? 0) + 1;
    if (attempts > 1 && this.secondsOf(keyId) > 0) return;
    if (attempts === 1) this.report({ kind: 'keyUnavailable', keyId, error });
    const retryAt = this.clock.now() + backOff(attempts, OUTAGE_DELAY) * MS;
    this.#outages.set(keyId, { attempts, retryAt, text });
  }

  answered(keyId: string): void {
    if (this.#outages.delete(keyId)) this.report({ kind: 'keyAvailable', keyId });
  }
}
