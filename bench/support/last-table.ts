/** The table of the last complete run, updated with the results of subjects that were measured since. */
import { headingOf, type Report, sectionsOf, targetsLine } from './report.js';

const isHeading = (line: string): boolean => line.startsWith('| **');

interface Measured {
  readonly found: Report;
  readonly subjects: readonly string[];
}

export function withMeasuredAgain(table: string, { found, subjects }: Measured): string {
  const lines = table.split('\n');
  const first = lines.findIndex(isHeading);
  const end = lines.findLastIndex((line) => line.startsWith('|')) + 1;
  const fresh = new Map([...sectionsOf(found.rows)].map(([subject, section]) => [headingOf(subject), section]));
  const sections = new Map([...sectionsIn(lines.slice(first, end)), ...fresh]);
  const rows = [...sections].flatMap(([heading, section]) => [heading, ...section]);
  return [...withNote(lines.slice(0, first), subjects), ...rows, '', targetsLine(rows)].join('\n');
}

/** By heading. */
function sectionsIn(lines: readonly string[]): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let section: string[] = [];
  for (const line of lines) {
    if (isHeading(line)) sections.set(line, (section = []));
    else section.push(line);
  }
  return sections;
}

/** Lists the newer subjects, in the line before the empty one that precedes the columns. */
function withNote(head: readonly string[], subjects: readonly string[]): string[] {
  const at = head.indexOf('');
  return [...head.slice(0, at), `Measured again since then: ${subjects.join(', ')}.`, ...head.slice(at)];
}
