/** The results of a run: a line for each test, and the failures with the command that repeats them. */
import { type Finding, type Verdict, VERDICTS } from './outcome.js';

/** How many tries ended in each of the two allowed ways. */
export interface Tally {
  readonly right?: number;
  readonly error?: number;
}

export interface Row {
  readonly test: string;
  readonly counts: Record<Verdict, number>;
}

export interface Failure {
  readonly test: string;
  readonly where: string;
  readonly finding: Finding;
}

/** Verdicts that fail a run. */
const FAILURES: readonly Verdict[] = ['wrong', 'lost', 'hang'];
const HEADINGS = ['test', 'tries', 'right', 'typed error', 'wrong', 'lost', 'hang'];

export class Table {
  readonly #rows = new Map<string, Row>();
  readonly failures: Failure[] = [];

  /** Counts tries that ended in an allowed way. */
  add(test: string, { right = 0, error = 0 }: Tally): void {
    this.count(test, 'right', right);
    this.count(test, 'error', error);
  }

  count(test: string, verdict: Verdict, tries = 1): void {
    const row = this.#rows.get(test) ?? { test, counts: { right: 0, error: 0, wrong: 0, lost: 0, hang: 0 } };
    row.counts[verdict] += tries;
    this.#rows.set(test, row);
  }

  /** Counts a failure, and prints at once how to repeat it. */
  fail(failure: Failure): void {
    this.count(failure.test, failure.finding.verdict);
    this.failures.push(failure);
    console.error(`${failure.finding.verdict}: ${failure.test}: ${failure.where}: ${failure.finding.what}`);
  }

  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  get hasFailed(): boolean {
    return this.rows.some(({ counts }) => FAILURES.some((verdict) => counts[verdict] > 0));
  }

  toMarkdown(): string {
    const cells = this.rows.map(({ test, counts }) => [test, triesOf(counts), ...VERDICTS.map((name) => counts[name])]);
    const all = VERDICTS.map((name) => this.rows.reduce((sum, { counts }) => sum + counts[name], 0));
    const total = ['**all**', all.reduce((sum, count) => sum + count, 0), ...all];
    const rule = HEADINGS.map((_, index) => (index === 0 ? '---' : '---:'));
    return [HEADINGS, rule, ...cells, total].map((line) => `| ${line.map(written).join(' | ')} |`).join('\n');
  }
}

const triesOf = (counts: Row['counts']): number => VERDICTS.reduce((sum, name) => sum + counts[name], 0);
const written = (cell: string | number): string => (typeof cell === 'number' ? cell.toLocaleString('en') : cell);
