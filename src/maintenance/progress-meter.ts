/** Counts what this process has done in a pass, and reports it at most once a second. */
import type { Clock } from '../clock.js';
import type { EventOfPass, MaintenanceProgress } from './events.js';

/** Milliseconds. */
const REPORT_EVERY = 1000;

type Amounts = Pick<MaintenanceProgress, 'seen' | 'done' | 'failed'>;

interface MeterParts {
  readonly clock: Clock;
  readonly pass: 'work' | 'census';
  readonly report: (event: EventOfPass) => void;
}

export class ProgressMeter {
  #sum: Amounts = { seen: 0, done: 0, failed: 0 };
  #started: number;
  #reported: number;
  #source = '';
  /** Objects that were still to be seen when the pass began in this process; `null` if nobody knows. */
  #left: number | null = null;
  readonly report = this.parts.report;

  constructor(private readonly parts: MeterParts) {
    this.#started = parts.clock.now();
    this.#reported = this.#started;
  }

  /**
   * The pass begins in this process.
   *
   * @param left - objects that are still to be seen, by all processes; `null` if nobody knows
   */
  begin(left: number | null): void {
    this.#left = left;
    this.#started = this.#reported = this.parts.clock.now();
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
    report({ kind: 'progress', pass, source: this.#source, ...this.#sum, rate, eta: this.#eta(rate) });
  }

  #eta(rate: number): number | undefined {
    const left = this.#left === null ? NaN : Math.max(0, this.#left - this.#sum.seen);
    if (left === 0) return 0;
    return left > 0 && rate > 0 ? left / rate : undefined;
  }
}
