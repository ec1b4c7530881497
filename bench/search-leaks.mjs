/**
 * What search tags give away to somebody who reads the table and knows how common each value is: the tables of docs/tables.md,
 * "What searches reveal". `node bench/search-leaks.mjs` prints them; with `--write` it replaces them there. Needs a built package.
 *
 * The attacker guesses that the most common tag is the most common value, the second most common tag the second, and so on.
 * Everything is drawn from fixed seeds, so each run gives the same tables.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HmacSearchKey } from 'nestjs-azure-encrypted-storage';

const ROWS = 200_000;
const PARTITIONS = 200;
const KEY = HmacSearchKey.fromBase64(Buffer.alloc(32, 7).toString('base64'));
const DOCUMENT = fileURLToPath(new URL('../docs/tables.md', import.meta.url));
const MARKS = /(<!-- search leaks -->\n\n)[^]*(\n\n<!-- end of search leaks -->)/;

/** Values by rank, most common first; each is as common as its weight. */
const zipf = (count) => Array.from({ length: count }, (_, rank) => 1 / (rank + 1));
const POPULATIONS = {
  names: { title: '20,000 names, some common, most rare', weights: zipf(20_000) },
  diagnoses: { title: '300 diagnoses, some common, most rare', weights: zipf(300) },
  sex: { title: 'two values, 51 % and 49 %', weights: [51, 49] },
};

const names = drawn(POPULATIONS.names.weights);
const text = [
  ...table(
    ['rows whose value is guessed', "`scope: 'table'`", "`scope: 'partition'`"],
    [
      ['social security numbers: each value once', ...both(Array.from({ length: ROWS }, (_, at) => at))],
      ...Object.values(POPULATIONS).map(({ title, weights }) => [title, ...both(drawn(weights))]),
    ],
  ),
  '',
  ...table(
    [
      '20,000 names',
      "guessed, `scope: 'table'`",
      'rows read in vain',
      "guessed, `scope: 'partition'`",
      'rows read in vain',
    ],
    [128, 16, 12, 8, 4].map((bits) => [
      `\`bits: ${bits}\``,
      ...[1, PARTITIONS].flatMap((partitions) => {
        const { guessed, inVain } = attack(names, { bits, partitions });
        return [percent(guessed), number(inVain)];
      }),
    ]),
  ),
].join('\n');

if (process.argv.includes('--write')) {
  writeFileSync(DOCUMENT, readFileSync(DOCUMENT, 'utf8').replace(MARKS, `$1${text}$2`));
} else {
  console.log(text);
}

function both(values) {
  return [1, PARTITIONS].map((partitions) => percent(attack(values, { bits: 128, partitions }).guessed));
}

/** Values of all rows, as ranks: drawn at random by their weights. */
function drawn(weights) {
  const sums = [];
  for (const weight of weights) sums.push((sums.at(-1) ?? 0) + weight);
  const next = randomNumbers(1);
  return Array.from({ length: ROWS }, () => rankOf(sums, next() * sums.at(-1)));
}

function rankOf(sums, target) {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The share of rows whose value is guessed, and how many rows a search reads in vain, because their values share the tag. A value
 * is searched as often as it occurs.
 */
function attack(values, { bits, partitions }) {
  let [right, inVain] = [0, 0];
  for (let at = 0; at < partitions; at += 1) {
    const rows = values.filter((_, row) => row % partitions === at);
    const groups = groupsOf(rows, { bits, scope: partitions === 1 ? '' : `partition ${at}` });
    for (const [rank, { total, counts }] of groups.entries()) {
      right += counts.get(rank) ?? 0;
      for (const count of counts.values()) inVain += count * (total - count);
    }
  }
  return { guessed: right / values.length, inVain: inVain / values.length };
}

/** The tags of rows, the most common first. Equally common ones are in the order of their tags, which is random. */
function groupsOf(rows, { bits, scope }) {
  const tags = new Map();
  const groups = new Map();
  for (const value of rows) {
    const tag = tags.get(value) ?? tagOf(value, { bits, scope });
    tags.set(value, tag);
    const group = groups.get(tag) ?? { tag, total: 0, counts: new Map() };
    groups.set(tag, group);
    group.total += 1;
    group.counts.set(value, (group.counts.get(value) ?? 0) + 1);
  }
  return [...groups.values()].sort((one, other) => other.total - one.total || (one.tag < other.tag ? -1 : 1));
}

function tagOf(value, { bits, scope }) {
  const mac = KEY.mac({ table: 'patients', property: 'name' }, [scope, 'string', String(value)]);
  return mac.toString('hex').slice(0, bits / 4);
}

/** Mulberry32: numbers from 0 to 1, always the same ones for a seed. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function percent(share) {
  return share < 0.005 ? 'under 1 %' : `${Math.round(share * 100)} %`;
}

function number(value) {
  return value < 10 ? String(Math.round(value * 10) / 10) : Math.round(value).toLocaleString('en-US');
}

function table(names, rows) {
  return [names, names.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
