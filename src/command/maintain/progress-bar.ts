/** A progress bar on the terminal while a job runs; log lines if there is no terminal. */
import { printable } from '../../encoding/printable.js';
import type { MaintenanceEvent, MaintenanceProgress } from '../../maintenance/events.js';

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Observer {
  readonly show: (event: MaintenanceEvent) => void;
  /** Restores the terminal for the shell. */
  end(): void;
}

const BAR = 24;
const CLEAR = '\r\u001b[K';
/** Maximum number of objects that need attention to name while the job runs. */
const MOST_NAMED = 20;

export class ProgressBar implements Observer {
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
    if (this.terminal.isTTY === true) this.terminal.write(`${CLEAR}${this.#text(progress)}`);
  }

  #text(progress: MaintenanceProgress): string {
    const { pass, source, seen, done, failed, rate, eta = 0 } = progress;
    const amounts = `${format(seen)} seen, ${format(done)} done, ${format(failed)} to look at, ${format(rate)}/s`;
    const left = eta < 1 ? '' : `, ${duration(eta)} left`;
    const text = `${pass.padEnd(6)} ${this.#bar(progress)} ${amounts}${left}  ${printable(source)}`;
    return text.slice(0, (this.terminal.columns ?? 120) - 1);
  }

  /** Filled in proportion to the progress, or a moving block if the end is not known. */
  #bar({ seen, rate, eta }: MaintenanceProgress): string {
    if (eta !== undefined) {
      const filled = Math.round((seen / Math.max(1, seen + eta * rate)) * BAR);
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

  #line(text: string | null): void {
    if (text === null) return;
    if (this.terminal.isTTY !== true) {
      this.terminal.write(`${text}\n`);
      return;
    }
    this.terminal.write(`${CLEAR}${text}\n${this.#last === null ? '' : this.#text(this.#last)}`);
  }

  end(): void {
    if (this.terminal.isTTY === true) this.terminal.write(CLEAR);
  }
}

type Shown = Exclude<MaintenanceEvent['kind'], 'progress' | 'object'>;

/** Single shards are shown only with `--json`, because there may be thousands. */
const SENTENCES: { readonly [Kind in Shown]: (event: Extract<MaintenanceEvent, { kind: Kind }>) => string | null } = {
  warning: ({ text }) => `Warning: ${printable(text)}.`,
  started: ({ pass }) => (pass === 'work' ? 'Working.' : 'Counting.'),
  planned: ({ shards }) => (shards > 1 ? `Planned: ${format(shards)} shards.` : null),
  shardStarted: () => null,
  shardDone: () => null,
  finished: ({ pass }) => (pass === 'work' ? 'The work is done.' : 'The census is done.'),
  waiting: () => 'Other processes are working on what is left: waiting for them.',
  throttled: ({ requestsPerSecond }) =>
    `The service is busy or does not answer: continuing with ${format(requestsPerSecond)} requests a second.`,
  keyUnavailable: () => 'A key cannot be reached: waiting for it.',
  keyAvailable: () => 'The key is available again.',
};

const sentenceOf = (event: Extract<MaintenanceEvent, { kind: Shown }>): string | null =>
  (SENTENCES[event.kind] as (event: MaintenanceEvent) => string | null)(event);

const format = (amount: number): string => Math.round(amount).toLocaleString('en-US');

function duration(seconds: number): string {
  if (seconds < 90) return `${format(seconds)} s`;
  return seconds < 5400 ? `${format(seconds / 60)} min` : `${format(seconds / 3600)} h`;
}
