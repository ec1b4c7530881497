/** A report as readable text. Text from storage is escaped, so that it cannot control a terminal. */
import { printable } from '../../encoding/printable.js';
import type { MaintenanceTask, ReencryptChoice } from '../../envelope/maintenance/task.js';
import type { KeyIds } from '../../envelope/maintenance/key-ids.js';
import type { KeyVerdict } from '../census.js';
import type { Deletion, ObjectFailure } from '../events.js';
import type { MaintenanceReport } from '../job.js';
import { failedOf } from '../shard.js';
import { type Cell, CENSUS_COLUMNS, censusRows, grouped } from './census-table.js';

/** Maximum number of failures, and of deletions, that the text names. */
const MOST_LINES = 50;

export function reportText(report: MaintenanceReport): string {
  const { census, deletions, failures } = report;
  return [
    headline(report),
    ...section('Objects', table([['seen', report.seen], ...Object.entries(report.outcomes)])),
    ...section('Needs attention', listed(failures, failedOf(report.outcomes), failureCells)),
    ...section(
      report.dryRun ? 'Would be deleted' : 'Deleted',
      listed(deletions, report.outcomes.deleted ?? 0, deletionCells),
    ),
    ...section(
      'Warnings',
      report.warnings.map((warning) => `- ${printable(warning)}`),
    ),
    ...section('Census', table([CENSUS_COLUMNS, ...censusRows(census.entries)])),
    ...section('Rows with wrong search tags', table(tagRows(report))),
    ...(census.verdict === undefined ? [] : verdictLines(census.verdict)),
    ...section(
      'Not seen by this census',
      census.blindSpots.map((spot) => `- ${printable(spot)}`),
    ),
    '',
  ].join('\n');
}

export function headline({ job, task, dryRun, finishedAt }: MaintenanceReport): string {
  const suffix = dryRun ? ' Dry run: nothing was written.' : '';
  return `${job}: ${taskWords(task)}, finished ${finishedAt}.${suffix}${disclosureWords(task)}`;
}

/** What encrypting again does not undo. To only retire a key, rewrap. */
function disclosureWords(task: MaintenanceTask): string {
  if (task.do !== 'reencrypt' || task.when.keyIds === undefined) return '';
  return ' If the key was disclosed, so is everything that was under it: encrypting it again protects only what is written from now on.';
}

function taskWords(task: MaintenanceTask): string {
  if (task.do === 'census') return 'census';
  if (task.do === 'reindex') return 'new search tags';
  if (task.do === 'deleteSuperseded') return `deletion of superseded snapshots and versions: ${choiceWords(task.when)}`;
  if (task.do === 'rewrap') return `rewrap of ${idsWords(task.retire)}`;
  return `re-encryption of ${choiceWords(task.when)}`;
}

function choiceWords(choice: ReencryptChoice): string {
  const { keyIds, plaintext = false, foreign = false, protocols = [], withoutIntegrity = false } = choice;
  const parts = [
    ...(keyIds === undefined ? [] : [`content under ${idsWords(keyIds)}`]),
    ...(plaintext ? ['plaintext'] : []),
    ...(foreign ? ['content in a foreign format'] : []),
    ...(protocols.length === 0 ? [] : [`protocol ${protocols.join(', ')}`]),
    ...(withoutIntegrity ? ['content without integrity entries'] : []),
  ];
  return parts.join(' and ');
}

export function idsWords(ids: KeyIds): string {
  if (!('prefix' in ids)) return ids.map(printable).join(', ');
  const but = ids.except.length === 0 ? '' : ` but ${ids.except.map(printable).join(', ')}`;
  return ids.prefix === '' ? `all keys${but}` : `all keys ${printable(ids.prefix)}…${but}`;
}

const nameOf = ({ name, copy }: Pick<ObjectFailure, 'name' | 'copy'>): string =>
  copy === undefined ? printable(name) : `${printable(name)} (${printable(copy)})`;

export const failureCells = (one: ObjectFailure): readonly string[] => [
  one.outcome,
  one.code ?? '',
  one.source,
  nameOf(one),
  untilWords(one),
];

const untilWords = ({ until }: ObjectFailure): string => (until === undefined ? '' : `until ${printable(until)}`);

export const deletionCells = (one: Deletion): readonly string[] => [one.source, nameOf(one), softWords(one)];

const softWords = ({ isSoft }: Deletion): string =>
  isSoft === undefined ? '' : isSoft ? 'can be restored until soft delete ends' : 'for good';

/** The counts of search tags, if they were taken. */
export const tagRows = ({ census }: MaintenanceReport): string[][] =>
  Object.entries(census.tags ?? {}).map(([state, count]) => [state, grouped(count)]);

function verdictLines(verdict: KeyVerdict): string[] {
  return [
    '',
    `May ${idsWords(verdict.retire)} be destroyed? ${verdictWords(verdict)}`,
    ...verdict.reasons.map((reason) => `  - ${printable(reason)}`),
  ];
}

export const verdictWords = ({ mayDestroy, after = '' }: KeyVerdict): string =>
  mayDestroy === 'no' ? 'No.' : `Nothing that was counted needs it after ${after}. Check what was not seen first.`;

/** The first of them, and how many more there are. */
function listed<Item>(items: readonly Item[], total: number, cellsOf: (item: Item) => readonly string[]): string[] {
  const shown = items.slice(0, MOST_LINES);
  return [...table(shown.map(cellsOf)), ...unnamed(total, shown.length)];
}

export const unnamed = (total: number, named: number): string[] =>
  total > named ? [`and ${grouped(total - named)} more`] : [];

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];

/** Columns are as wide as their widest cell; numbers in the last one are right-aligned. */
function table(given: readonly (readonly Cell[])[]): string[] {
  const rows = given.map((row) => row.map((cell) => (typeof cell === 'number' ? grouped(cell) : cell)));
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows.map((row) =>
    row
      .map((cell, column) => (isNumber(cell) ? cell.padStart(width(column)) : cell.padEnd(width(column))))
      .join('  ')
      .trimEnd(),
  );
}

const isNumber = (cell: string): boolean => /^[\d,]+$/.test(cell);
