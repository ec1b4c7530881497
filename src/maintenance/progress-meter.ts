/** Counts what this process has done in a pass, and reports it at most once a second. */
import type { Clock } from '../queue/consumer/clock.js';
import type { EventOfPass } from './events.js';

/** Milliseconds. */
const REPORT_EVERY = 1000;

interface Amounts {
  readonly seen: number;
  readonly done: number;
  readonly failed: number;
}

export interface MeterParts {
  readonly clock: Clock;
  readonly pass: 'work' | 'census';
  readonly report: (event: EventOfPass) => void;
}

export class ProgressMeter {
  #sum: Amounts = { seen: 0, done: 0, failed: 0 };
  readonly #started: number;
  #reported: number;
  #source = '';
  /** Objects that are still to be seen when this process begins; `null` if nobody knows. */
  #expected: number | null = null;

  constructor(private readonly parts: MeterParts) {
    this.#started = parts.clock.now();
    this.#reported = this.#started;
  }

  report(event: EventOfPass): void {
    this.parts.report(event);
  }

  expect(objects: number): void {
    this.#expected = objects;
  }

  /** Counts what was seen before this process took over a shard. */
  resume(seen: number): void {
    if (this.#expected !== null) this.#expected -= seen;
  }

  add(source: string, { seen, done, failed }: Amounts): void {
    const sum = this.#sum;
    this.#source = source;
    this.#sum = { seen: sum.seen + seen, done: sum.done + done, failed: sum.failed + failed };
    if (this.parts.clock.now() - this.#reported >= REPORT_EVERY) this.publish();
  }

  publish(): void {
    const now = this.parts.clock.now();
    this.#reported = now;
    const { pass, report } = this.parts;
    const seconds = Math.max(0.001, (now - this.#started) / 1000);
    const rate = this.#sum.seen / seconds;
    report({ kind: 'progress', pass, source: this.#source, ...this.#sum, rate, ...this.#eta(rate) });
  }

  #eta(rate: number): { readonly eta?: number } {
    if (this.#expected === null) return {};
    const left = Math.max(0, this.#expected - this.#sum.seen);
    return left > 0 && rate === 0 ? {} : { eta: left === 0 ? 0 : left / rate };
  }
}
