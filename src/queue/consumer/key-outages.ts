/** Keys that cannot be reached for now, by the key id that messages name; and when to ask for them again. */
import { LRUCache } from 'lru-cache';
import { isContentFault } from '../../envelope/content-fault.js';
import { backOff, type BackOffRange } from './back-off.js';
import type { Report } from './consumer-event.js';

interface Outage {
  readonly attempts: number;
  /** On the clock of `performance.now()`. */
  readonly retryAt: number;
}

/** Seconds between two questions to a key service that is down. */
export const OUTAGE_DELAY: BackOffRange = { min: 1, max: 60 };
const MS = 1000;
/** Key ids are data from storage: anybody who can send may name any number of them. */
const MAX_KEYS = 1000;

export class KeyOutages {
  readonly #outages = new LRUCache<string, Outage>({ max: MAX_KEYS });

  constructor(private readonly report: Report) {}

  get hasAny(): boolean {
    return this.#outages.size > 0;
  }

  isDown(keyId: string): boolean {
    return this.#outages.has(keyId);
  }

  /** Whether it is too early to ask for the key again. */
  isResting(keyId: string): boolean {
    return this.secondsOf(keyId) > 0;
  }

  /** Until the key may be asked for again. */
  secondsOf(keyId: string): number {
    const { retryAt = 0 } = this.#outages.get(keyId) ?? {};
    return Math.max(0, retryAt - performance.now()) / MS;
  }

  /** Until the first of them may be asked for again. */
  get seconds(): number {
    return Math.min(OUTAGE_DELAY.max, ...[...this.#outages.keys()].map((keyId) => this.secondsOf(keyId)));
  }

  /** What a failed decryption says about the key: only errors of keys do, damage may be found before a key is asked for. */
  note(keyId: string, error: unknown): void {
    if (!isContentFault(error)) this.#failed(keyId, error);
    else if (error.code.startsWith('KEY_')) this.answered(keyId);
  }

  answered(keyId: string): void {
    if (this.#outages.delete(keyId)) this.report({ kind: 'keyAvailable', keyId });
  }

  /** Messages that were on their way together are one failure. */
  #failed(keyId: string, error: unknown): void {
    if (this.isResting(keyId)) return;
    const attempts = (this.#outages.get(keyId)?.attempts ?? 0) + 1;
    if (attempts === 1) this.report({ kind: 'keyUnavailable', keyId, error });
    this.#outages.set(keyId, { attempts, retryAt: performance.now() + backOff(attempts, OUTAGE_DELAY) * MS });
  }
}
