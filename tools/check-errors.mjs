/**
 * Checks that the tables of error codes in README.md and docs/errors.md match src/errors/list.ts, that every error
 * class has a row there, and that each row names the fields of its error.
 *
 * `node tools/check-errors.mjs --write` writes both tables. Run `npm run build` first, because the list is read from
 * dist.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesBelow, ROOT, textOf } from './markdown.mjs';

const TABLE = /(<!-- errors: [^\n]* -->\n\n)([\s\S]*?)(\n\n<!-- end of errors -->)/;

const { ERRORS } = await import(pathToFileURL(join(ROOT, 'dist/esm/errors/list.js')).href);
const classes = filesBelow('src/errors', '.ts').flatMap((path) => classesIn(textOf(path)));
const codes = new Map(classes.map(({ name, code }) => [name, code]));
const documents = [
  ['README.md', tableOf(['code', 'what to do'], ({ type, answer }) => [codeOf(type), fromRoot(answer)])],
  [
    'docs/errors.md',
    tableOf(
      ['code', 'when, and what it means', 'what to do', 'carries', 'sent', 'again'],
      ({ type, when, answer, carries = '', sent, again = 'no' }) => [codeOf(type), when, answer, carries, sent, again],
    ),
  ],
];

if (process.argv.includes('--write')) {
  for (const [path, table] of documents)
    writeFileSync(
      join(ROOT, path),
      textOf(path).replace(TABLE, (_, start, __, end) => start + table + end),
    );
}

const faults = [
  ...documents
    .filter(([path, table]) => TABLE.exec(textOf(path))?.[2] !== table)
    .map(([path]) => `${path} has another table: run \`node tools/check-errors.mjs --write\``),
  ...classes.filter(({ name }) => rowOf(name) === undefined).map(({ name }) => `src/errors/list.ts lacks ${name}`),
  ...classes.flatMap(faultsOfRow),
];
for (const fault of faults) console.error(fault);
console.log(`${ERRORS.length} error codes checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

function codeOf({ name }) {
  return `\`${codes.get(name)}\``;
}

function rowOf(name) {
  return ERRORS.find(({ type }) => type.name === name);
}

function faultsOfRow({ name, fields }) {
  const row = rowOf(name);
  if (row === undefined) return [];
  return fields
    .filter((field) => !row.carries?.includes(`\`${field}\``))
    .map((field) => `the row of ${name} does not name its field ${field}`);
}

/** Name, code and fields of each class that has a code. */
function classesIn(source) {
  return source
    .split(/^export class /m)
    .slice(1)
    .map((text) => ({
      name: /^\w+/.exec(text)[0],
      code: /readonly code = '([A-Z0-9_]+)'/.exec(text)?.[1],
      fields: [...text.matchAll(/readonly (\w+)[?!]?:/g)].map(([, field]) => field).filter((field) => field !== 'code'),
    }));
}

function tableOf(titles, cellsOf) {
  const line = (cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
  return [line(titles), line(titles.map(() => '---')), ...ERRORS.map((row) => line(cellsOf(row)))].join('\n');
}

/** Links in the list are relative to docs/. */
function fromRoot(text) {
  return text.replace(/\]\((?!https?:)([\w-]+\.md)/g, '](docs/$1').replaceAll('](../', '](');
}
