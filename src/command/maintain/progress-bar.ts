/** A progress bar on the terminal while a job runs; log lines if there is no terminal. */
import { printable } from '../../encoding/printable.js';
import type { MaintenanceEvent, MaintenanceProgress } from '../../maintenance/events.js';

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR = 24;
const CLEAR = '\r\u001b[K';
/** Maximum number of objects that need attention to name while the job runs. */
const MOST_NAMED = 20;

export class ProgressBar {
  /** Number of objects in the previous pass: the minimum that the census will see. */
  #expected = 0;
  #last: MaintenanceProgress | null = null;
  #steps = 0;
  #named = 0;

  constructor(private readonly terminal: Terminal) {}

  readonly show = (event: MaintenanceEvent): void => {
    if (event.kind === 'progress') this.#progress(event);
    else if (event.kind === 'object') this.#object(event);
    else this.#line(sentenceOf(event));
  };

  #progress(progress: MaintenanceProgress): void {
    this.#last = progress;
    if (progress.pass === 'work') this.#expected = progress.seen;
    if (this.terminal.isTTY === true) this.terminal.write(`${CLEAR}${this.#text(progress)}`);
  }

  #text({ pass, source, seen, done, failed, rate }: MaintenanceProgress): string {
    const amounts = `${format(seen)} seen, ${format(done)} done, ${format(failed)} to look at, ${format(rate)}/s`;
    const text = `${pass.padEnd(6)} ${this.#bar(pass, seen)} ${amounts}  ${printable(source)}`;
    return text.slice(0, (this.terminal.columns ?? 120) - 1);
  }

  /** Filled in proportion to the progress, or a moving block if the total is unknown. */
  #bar(pass: string, seen: number): string {
    if (pass === 'census' && this.#expected > 0) {
      const filled = Math.min(BAR, Math.round((seen / this.#expected) * BAR));
      return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}]`;
    }
    const at = this.#steps++ % (BAR - 2);
    return `[${'.'.repeat(at)}###${'.'.repeat(BAR - 3 - at)}]`;
  }

  #object({ outcome, code, source, name }: Extract<MaintenanceEvent, { kind: 'object' }>): void {
    this.#named += 1;
    if (this.#named > MOST_NAMED) return;
    const words = [outcome, code, printable(source), printable(name)].filter((word) => word !== undefined);
    this.#line(words.join(' '));
  }

  #line(text: string): void {
    if (this.terminal.isTTY !== true) {
      this.terminal.write(`${text}\n`);
      return;
    }
    this.terminal.write(`${CLEAR}${text}\n${this.#last === null ? '' : this.#text(this.#last)}`);
  }

  /** Restores the terminal for the shell. */
  end(): void {
    if (this.terminal.isTTY === true) this.terminal.write(CLEAR);
  }
}

function sentenceOf(event: Exclude<MaintenanceEvent, { kind: 'progress' | 'object' }>): string {
  switch (event.kind) {
    case 'warning':
      return `Warning: ${printable(event.text)}.`;
    case 'started':
      return event.pass === 'work' ? 'Working.' : 'Counting.';
    case 'finished':
      return event.pass === 'work' ? 'The work is done.' : 'The census is done.';
    case 'waiting':
      return 'Other processes work on what is left: waiting for them.';
    case 'throttled':
      return `The service is busy or does not answer: going on with ${format(event.requestsPerSecond)} requests a second.`;
    case 'keyUnavailable':
      return 'A key cannot be reached: waiting for it.';
    case 'keyAvailable':
      return 'The key is back.';
  }
}

const format = (amount: number): string => Math.round(amount).toLocaleString('en-US');
