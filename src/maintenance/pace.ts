/** How fast a process sends requests to storage: at a steady rate, halved where the service is busy, and raised again little by little. */
import type { Clock } from '../queue/consumer/clock.js';

/** Milliseconds between two raises, and how much each is. */
const RAISE_EVERY = 10_000;
const RAISE_BY = 1.05;
/** Milliseconds of requests that may be sent at once. */
const BURST = 100;

export class Pace {
  #rate: number;
  /** When the next request may be sent. */
  #next: number;
  #raisedAt: number;
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

  /** Requests that were let through. */
  get sent(): number {
    return this.#sent;
  }

  /** Requests a second at the moment. */
  get rate(): number {
    return this.#rate;
  }

  /** Waits for the turn of another request. */
  async take(): Promise<void> {
    this.#sent += 1;
    this.#raise();
    const now = this.clock.now();
    const turn = Math.max(this.#next, now - BURST);
    this.#next = turn + 1000 / this.#rate;
    if (turn > now) await new Promise<void>((resolve) => void this.clock.after(turn - now, resolve));
  }

  /** The service is busy. */
  slowDown(): void {
    this.#rate = Math.max(1, this.#rate / 2);
    this.#raisedAt = this.clock.now();
  }

  #raise(): void {
    const steps = Math.floor((this.clock.now() - this.#raisedAt) / RAISE_EVERY);
    if (steps === 0 || this.#rate >= this.most) return;
    this.#rate = Math.min(this.most, this.#rate * RAISE_BY ** steps);
    this.#raisedAt += steps * RAISE_EVERY;
  }
}
