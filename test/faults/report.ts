/** The end of a run: prints its table, and with `--write` updates docs/reliability.md. */
import { readFile, writeFile } from 'node:fs/promises';
import type { RunOptions } from './lab.js';
import type { Table } from './table.js';
import { projectPath, versionOf } from '../support/project.js';

const DOCUMENT = projectPath('docs/reliability.md');
const TABLE = /(<!-- table -->\n)[^]*(\n<!-- end of table -->)/;
const PACKAGES = ['@azure/storage-blob', '@azure/storage-queue', '@azure/data-tables', 'azurite'];

export interface Run {
  readonly options: RunOptions;
  readonly table: Table;
}

export interface Ending {
  readonly seconds: number;
  readonly write: boolean;
}

export async function report({ options, table }: Run, { seconds, write }: Ending): Promise<void> {
  const { round, seed, only } = options;
  const versions = PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ');
  const head = `A ${round} round on ${new Date().toISOString().slice(0, 10)} with \`--seed ${seed}\`, ${Math.ceil(seconds / 60)} minutes. Node.js ${process.versions.node}, ${versions}.`;
  const text = `${head}\n\n${table.toMarkdown()}`;
  console.log(text);
  if (!write) return;
  if (round !== 'long' || only !== undefined || table.hasFailed) {
    console.error('Nothing written: docs/reliability.md takes only a complete long round without a failure');
    return;
  }
  const document = await readFile(DOCUMENT, 'utf8');
  await writeFile(
    DOCUMENT,
    document.replace(TABLE, (_, start: string, end: string) => start + text + end),
  );
}
