/** Limits the rate of requests to storage, or of calls to keys: halved while the service is busy, then raised again step by step. */
import type { Clock } from '../clock.js';

/** Milliseconds between two raises, and the size of each. */
const RAISE_EVERY = 10_000;
const RAISE_BY = 1.05;
/** Milliseconds of requests that may be sent at once. */
const BURST = 100;
/**
 * Milliseconds after which another refusal concerns the lower rate: refusals of requests that were in progress together count as
 * one.
 */
const SETTLED_AFTER = 1000;

export class Pace {
  #rate: number;
  /** When the next request may be sent. */
  #next: number;
  #raisedAt: number;
  #slowedAt = -Infinity;
  #sent = 0;

  /** @param most - requests a second */
  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {
    this.#rate = most;
    this.#next = clock.now();
    this.#raisedAt = clock.now();
  }

  get sent(): number {
    return this.#sent;
  }

  get rate(): number {
    return this.#rate;
  }

  async take(): Promise<void> {
    this.#sent += 1;
    this.#raise();
    const now = this.clock.now();
    const turn = Math.max(this.#next, now - BURST);
    this.#next = turn + 1000 / this.#rate;
    if (turn > now) await new Promise<void>((resolve) => void this.clock.after(turn - now, resolve));
  }

  slowDown(): void {
    const now = this.clock.now();
    if (now - this.#slowedAt < SETTLED_AFTER) return;
    this.#rate = Math.max(Math.min(1, this.most), this.#rate / 2);
    this.#slowedAt = now;
    this.#raisedAt = now;
  }

  #raise(): void {
    const steps = Math.floor((this.clock.now() - this.#raisedAt) / RAISE_EVERY);
    if (steps === 0 || this.#rate >= this.most) return;
    this.#rate = Math.min(this.most, this.#rate * RAISE_BY ** steps);
    this.#raisedAt += steps * RAISE_EVERY;
  }
}
