/** Keys that cannot be used at the moment, by the key id that messages name, and when to try them again. */
import { LRUCache } from 'lru-cache';
import { backOff, type BackOffRange } from './back-off.js';
import { type Clock, MS } from '../../clock.js';
import type { Report } from './consumer-event.js';

interface Outage {
  readonly attempts: number;
  /** Time on the clock. */
  readonly retryAt: number;
  /** A stored text to try the key with while no message of that key is visible. */
  readonly text: string;
}

/** Seconds between two tries of a key that cannot be used. */
const OUTAGE_DELAY: BackOffRange = { min: 1, max: 60 };
/** Key ids come from storage: anyone who can send messages may name any number of them. */
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

  /** Seconds until the key is tried again. */
  secondsOf(keyId: string): number {
    const { retryAt = 0 } = this.#outages.get(keyId) ?? {};
    return Math.max(0, retryAt - this.clock.now()) / MS;
  }

  /** Seconds until the first of them is tried again. */
  get seconds(): number {
    return Math.min(OUTAGE_DELAY.max, ...[...this.#outages.keys()].map((keyId) => this.secondsOf(keyId)));
  }

  /** The keys to try again now, each with a text that needs it. */
  get due(): readonly (readonly [keyId: string, text: string])[] {
    return [...this.#outages.entries()]
      .filter(([keyId]) => this.secondsOf(keyId) === 0)
      .map(([keyId, { text }]) => [keyId, text]);
  }

  /** Messages that were in flight together count as one failure. */
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
