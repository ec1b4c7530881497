/** The results of a run: rows of one table, and the same for programs. */
import { arch, cpus, release, totalmem, type } from 'node:os';
import { versionOf } from '../../test/support/project.js';

export const UNITS = ['MB/s', 'us', 'ms', '/s', 'requests', 'MiB', 'bytes'] as const;
export type Unit = (typeof UNITS)[number];

/** One line of the table. Plain is the Azure SDK alone, encrypted is this package, or what `case` names. */
export interface Row {
  readonly subject: string;
  readonly case: string;
  readonly protocol: string;
  readonly unit: Unit;
  readonly plain?: number;
  readonly encrypted: number;
  /** Encrypted to plain for throughput, plain to encrypted for times. 1 is as fast as plain, and less is slower. */
  readonly ratio?: number;
  /** Without a pace: the ratio as a share of the best possible one, which is plain and the cipher in sequence. */
  readonly ceilingShare?: number;
  /** CPU time of the client, encrypted to plain. */
  readonly cpuRatio?: number;
  /** Seconds that the event loop is busy for each GiB, beyond plain. */
  readonly loopAdded?: number;
  /** Event-loop delay in milliseconds, beyond plain. */
  readonly delayAdded?: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Peak resident memory in MiB, beyond plain. */
  readonly memoryAdded?: number;
  /** How many of all samples were taken on a quiet machine. */
  readonly quiet?: string;
  readonly targets?: readonly Target[];
}

/** A bar that the project sets for itself. */
export interface Target {
  readonly what: string;
  readonly value: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Report {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly seconds: number;
  /** Plain compared with plain: differences that the run cannot distinguish. */
  readonly plainToPlain: readonly { readonly case: string; readonly ratio: number }[];
  /** Whether plain differed too much from itself for the rest to be meaningful. */
  readonly isVoid: boolean;
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
}

export const machine = (): string => {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} x ${first?.model ?? 'unknown CPU'}, ${memory} GiB, ${type()} ${release()} ${arch()}`;
};

export const versions = (): Record<string, string> => ({
  node: process.versions.node,
  openssl: process.versions.openssl,
  ...Object.fromEntries(
    ['@azure/storage-blob', '@azure/storage-queue', '@azure/data-tables', '@nestjs/core', 'azurite'].map((name) => [
      name,
      versionOf(name),
    ]),
  ),
});

/** The reports of several subjects as one. */
export function merged(reports: readonly Report[]): Report {
  return {
    machine: machine(),
    versions: versions(),
    seconds: reports.reduce((sum, { seconds }) => sum + seconds, 0),
    plainToPlain: reports.flatMap(({ plainToPlain }) => plainToPlain),
    isVoid: reports.some(({ isVoid }) => isVoid),
    notes: [...new Set(reports.flatMap(({ notes }) => notes))],
    rows: reports.flatMap(({ rows }) => rows),
  };
}

export const isMet = ({ value, atLeast = -Infinity, atMost = Infinity }: Target): boolean =>
  value >= atLeast && value <= atMost;

const COLUMNS: readonly (readonly [name: string, cell: (row: Row) => string])[] = [
  ['case', (row) => row.case],
  ['protocol', (row) => row.protocol],
  ['plain', (row) => quantity(row.plain, row.unit)],
  ['encrypted', (row) => quantity(row.encrypted, row.unit)],
  ['ratio', (row) => fixed(row.ratio, 2)],
  ['of the ceiling', (row) => fixed(row.ceilingShare, 2)],
  ['CPU ratio', (row) => fixed(row.cpuRatio, 1)],
  ['loop s/GiB', (row) => signed(row.loopAdded, 2)],
  ['delay p50/p99/max ms', (row) => delays(row.delayAdded)],
  ['memory MiB', (row) => signed(row.memoryAdded, 0)],
  ['quiet', (row) => row.quiet ?? ''],
  [
    'target',
    (row) => (row.targets ?? []).map((target) => (isMet(target) ? 'met' : `short: ${bar(target)}`)).join(', '),
  ],
];

/** The table in Markdown, with a heading line for each subject. */
export function toMarkdown(report: Report): string {
  const lines = [...sectionsOf(report.rows)].flatMap(([subject, section]) => [headingOf(subject), ...section]);
  return [
    `${report.machine}. ${Object.entries(report.versions)
      .map((entry) => entry.join(' '))
      .join(', ')}.`,
    `${Math.round(report.seconds / 6) / 10} minutes. ${verdict(report)}`,
    ...report.notes,
    '',
    lineOf(COLUMNS.map(([name]) => name)),
    lineOf(COLUMNS.map(() => '---')),
    ...lines,
    '',
    targetsLine(lines),
  ].join('\n');
}

const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
export const headingOf = (subject: string): string => lineOf([`**${subject}**`, ...COLUMNS.slice(1).map(() => '')]);

/** The lines of each subject's rows. */
export function sectionsOf(rows: readonly Row[]): Map<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  for (const row of rows) {
    const line = lineOf(COLUMNS.map(([, cell]) => cell(row)));
    sections.set(row.subject, [...(sections.get(row.subject) ?? []), line]);
  }
  return sections;
}

function verdict({ plainToPlain, isVoid }: Report): string {
  const found = plainToPlain.map((line) => `${line.case} ${fixed(line.ratio, 2)}`).join(', ');
  return `Plain compared with plain: ${found === '' ? 'not measured' : found}${isVoid ? '. **VOID: off by more than 10 %**' : ''}.`;
}

/** Counts the bars in the lines of the table, whose last cell has one word for each. */
export function targetsLine(lines: readonly string[]): string {
  const verdicts = lines.flatMap(
    (line) =>
      line
        .split(' | ')
        .at(-1)
        ?.match(/\b(?:met|short)\b/g) ?? [],
  );
  return `Targets met: ${verdicts.filter((word) => word === 'met').length} of ${verdicts.length}.`;
}

const bar = ({ what, value, atLeast, atMost }: Target): string =>
  `${what} ${Number(value.toPrecision(3))}${atLeast === undefined ? '' : ` < ${atLeast}`}${atMost === undefined ? '' : ` > ${atMost}`}`;

const fixed = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '';
const signed = (value: number | undefined, digits: number): string =>
  value === undefined ? '' : `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
const delays = (added: Row['delayAdded']): string =>
  added === undefined ? '' : [added.p50, added.p99, added.max].map((value) => signed(value, 1)).join(' / ');

function quantity(value: number | undefined, unit: Unit): string {
  if (value === undefined) return '';
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}
