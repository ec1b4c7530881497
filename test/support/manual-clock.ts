import type { Clock } from '../../src/clock.js';

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** A clock that advances only when a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** @param earlyBy - milliseconds by which longer timers fire too early */
  constructor(private readonly earlyBy = 0) {}

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, task: () => void): () => void {
    const early = milliseconds > this.earlyBy ? this.earlyBy : 0;
    const timer = { at: this.#now + milliseconds - early, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** The number of pending timers. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Advances by this many seconds; each timer runs at its time, and its continuations run before the next timer. */
  async advance(seconds: number): Promise<void> {
    const end = this.#now + seconds * 1000;
    for (;;) {
      await settled();
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
    this.#now = end;
    await settled();
  }

  /** Advances only the time, as if the event loop was blocked, so that timers fire late. */
  jump(seconds: number): void {
    this.#now += seconds * 1000;
  }
}

/** Runs pending promises and their callbacks. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
