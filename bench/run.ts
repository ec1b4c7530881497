/** `npm run bench [-- [subject ...] [--quick | --full] [--json] [--write]]`; bench/README.md tells how to read what it prints. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { chartOf } from './support/chart.js';
import { canTell } from './support/other-work.js';
import { Lab, type Subject } from './support/lab.js';
import { projectPath } from '../test/support/project.js';
import { machine, type Report, type Row, toMarkdown, versions } from './support/report.js';
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
const TABLE = /(<!-- table -->\n)[^]*(\n<!-- end of table -->)/;
const CHART = /(<!-- chart -->\n\n)[^]*(\n\n<!-- end of chart -->)/;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

// what is to be cleaned up is cleaned up as the process exits
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const unknown = positionals.filter((name) => !SUBJECTS.some((subject) => subject.name === name));
if (unknown.length > 0) {
  console.error(`No subject ${unknown.join(', ')}: there are ${SUBJECTS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const report = await measure(SUBJECTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)));
console.log(flags.json ? JSON.stringify(report) : toMarkdown(report));
if (flags.write) await write(report);

async function measure(subjects: readonly Subject[]): Promise<Report> {
  const started = performance.now();
  const lab = await Lab.open(flags);
  const rows: Row[] = [];
  try {
    for (const subject of subjects) rows.push(...(await subject.run(lab)));
  } finally {
    await lab.close();
  }
  return {
    machine: machine(),
    versions: versions(),
    seconds: (performance.now() - started) / 1000,
    sameBesideSame: lab.sameBesideSame,
    isVoid: !flags.quick && lab.sameBesideSame.some(({ ratio }) => Math.abs(ratio - 1) > VOID_BEYOND),
    notes: [
      ...(flags.quick ? ['A quick run: its figures mean nothing.'] : []),
      ...(canTell ? [] : ['No /proc/stat here: samples were not gated on other work.']),
      ...lab.notes,
    ],
    rows,
  };
}

/** Puts the table and the chart into the README, unless the run is worth nothing. */
async function write(found: Report): Promise<void> {
  if (found.isVoid || flags.quick || positionals.length > 0) {
    console.error('Nothing written: only a whole run that is not void goes into bench/README.md');
    process.exitCode = 1;
    return;
  }
  const text = await readFile(README, 'utf8');
  const inPlace = (content: string) => (_: string, start: string, end: string) => start + content + end;
  await writeFile(README, text.replace(TABLE, inPlace(toMarkdown(found))).replace(CHART, inPlace(chartOf(found.rows))));
}
