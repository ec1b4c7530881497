import type { Clock } from '../../src/clock.js';

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** A clock that advances only when it is moved. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** @param earlyBy - milliseconds that timers of more than that come too early */
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

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves on by so many seconds; each timer runs at its time, and what it started goes on before the next. */
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

  /** Moves the time alone, as for a process whose event loop was blocked: timers come late. */
  jump(seconds: number): void {
    this.#now += seconds * 1000;
  }
}

/** Lets promises and their callbacks run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
