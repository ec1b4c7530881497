/** `npm run bench [-- [subject ...] [--quick | --full] [--json] [--write]]`; bench/README.md explains how to read its output. */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chartOf } from './support/chart.js';
import { canMeasure } from './support/other-work.js';
import { Lab, type Subject } from './support/lab.js';
import { projectPath } from '../test/support/project.js';
import { withMeasuredAgain } from './support/last-table.js';
import { machine, merged, type Report, type Row, toMarkdown, versions } from './support/report.js';
import { ciphers } from './ciphers.bench.js';
import { consumer } from './consumer.bench.js';
import { entities } from './entities.bench.js';
import { integrity } from './integrity.bench.js';
import { keys } from './keys.bench.js';
import { maintenance } from './maintenance.bench.js';
import { messages } from './messages.bench.js';
import { peer } from './peer.bench.js';
import { ranges } from './ranges.bench.js';
import { scale } from './scale.bench.js';
import { search } from './search.bench.js';
import { serverAlive } from './server-alive.bench.js';
import { start } from './start.bench.js';
import { transfers, VOID_BEYOND } from './transfers.bench.js';

const SUBJECTS: readonly Subject[] = [
  ciphers,
  transfers,
  ranges,
  messages,
  consumer,
  entities,
  search,
  integrity,
  keys,
  maintenance,
  start,
  scale,
  serverAlive,
  peer,
];
const README = projectPath('bench/README.md');
const TABLE = /(<!-- table -->\n)([^]*)(\n<!-- end of table -->)/;
const CHART = /(<!-- chart -->\n\n)([^]*)(\n\n<!-- end of chart -->)/;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    // when the entire run began, for a process that measures one subject
    began: { type: 'string', default: String(Date.now()) },
  },
});
const began = Number(flags.began);

// resources are cleaned up as the process exits
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const unknown = positionals.filter((name) => !SUBJECTS.some((subject) => subject.name === name));
if (unknown.length > 0) {
  console.error(`No subject ${unknown.join(', ')}: there are ${SUBJECTS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const subjects = SUBJECTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const [alone] = subjects;
const report = subjects.length === 1 && alone !== undefined ? await measure(alone) : await measureApart(subjects);
console.log(flags.json ? JSON.stringify(report) : toMarkdown(report));
if (flags.write) await write(report);

/** Each subject in a separate process: after gigabytes of transfers, a process takes twice as long for small things. */
async function measureApart(all: readonly Subject[]): Promise<Report> {
  const reports: Report[] = [];
  for (const { name } of all) reports.push(await measureIn(name));
  return merged(reports);
}

async function measureIn(subject: string): Promise<Report> {
  const options = [...(flags.quick ? ['--quick'] : []), ...(flags.full ? ['--full'] : [])];
  const file = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, file, subject, '--json', '--began', String(began), ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const json = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`${subject} ended with ${code}`);
  return JSON.parse(json) as Report;
}

async function measure(subject: Subject): Promise<Report> {
  const started = performance.now();
  const lab = await Lab.open({ ...flags, began });
  const rows: Row[] = [];
  try {
    rows.push(...(await subject.run(lab)));
  } finally {
    await lab.close();
  }
  return {
    machine: machine(),
    versions: versions(),
    seconds: (performance.now() - started) / 1000,
    plainToPlain: lab.plainToPlain,
    isVoid: !flags.quick && lab.plainToPlain.some(({ ratio }) => Math.abs(ratio - 1) > VOID_BEYOND),
    notes: [
      ...(flags.quick ? ['A quick run: its figures mean nothing.'] : []),
      ...(canMeasure ? [] : ['No /proc/stat here: samples were not gated on other work.']),
      ...lab.notes,
    ],
    rows,
  };
}

/** Writes the table and the chart to the README, or only the rows of some subjects, unless the run is void. */
async function write(found: Report): Promise<void> {
  if (found.isVoid || flags.quick) {
    console.error('Nothing written: only a run that is not void goes into bench/README.md');
    process.exitCode = 1;
    return;
  }
  const page = await readFile(README, 'utf8');
  await writeFile(README, positionals.length > 0 ? page.replace(TABLE, again(found)) : wholeIn(page, found));
}

function wholeIn(page: string, found: Report): string {
  return page
    .replace(TABLE, (_, start: string, _table, end: string) => start + toMarkdown(found) + end)
    .replace(CHART, (_, start: string, _chart, end: string) => start + chartOf(found.rows) + end);
}

function again(found: Report): (match: string, start: string, table: string, end: string) => string {
  return (_, start, table, end) => start + withMeasuredAgain(table, { found, subjects: positionals }) + end;
}
