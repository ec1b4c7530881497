/**
 * What search tags reveal to somebody who reads the table, or its lookup table, and knows how common each value is: the
 * tables of docs/tables.md, "What searches reveal". `node bench/search-leaks.mjs` prints them; `--write` replaces them
 * there, and `--check` fails if they differ. Needs a built package.
 *
 * The attacker guesses that the most common tag is the most common value, the second most common tag the second, and so
 * on. Everything is drawn from fixed seeds, so each run gives the same tables.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HmacSearchKey } from 'nestjs-azure-encrypted-storage';

const ROWS = 200_000;
const PARTITIONS = 200;
/** MACs that were already computed, in hex. */
const known = new Map();
/** One in this many rows is deleted, and its entry remains. */
const DELETED = 10;
const KEY = HmacSearchKey.fromBase64(Buffer.alloc(32, 7).toString('base64'));
const DOCUMENT = fileURLToPath(new URL('../docs/tables.md', import.meta.url));
const MARKS = /(<!-- search leaks -->\n\n)[^]*(\n\n<!-- end of search leaks -->)/;

/** Values by rank, most common first. Each is as common as its weight. */
const zipf = (count) => Array.from({ length: count }, (_, rank) => 1 / (rank + 1));
const POPULATIONS = {
  names: { title: '20,000 names, some common, most rare', weights: zipf(20_000) },
  diagnoses: { title: '300 diagnoses, some common, most rare', weights: zipf(300) },
  sex: { title: 'two values, 51 % and 49 %', weights: [51, 49] },
};

const names = drawn(POPULATIONS.names.weights);
const unique = Array.from({ length: ROWS }, (_, at) => at);
const text = [
  ...table(
    ['rows whose value is guessed', "`scope: 'table'`", "`scope: 'partition'`"],
    [
      ['social security numbers: each value once', ...both(unique)],
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
  '',
  ...table(
    ['somebody who has only the lookup table', "`scope: 'table'`", "`scope: 'partition'`"],
    [
      ["`lookup: 'unique'`, each value once: rows whose value is guessed", ...lookedUp(unique, isKept)],
      ['20,000 names: rows whose value is guessed', ...lookedUp(names, isKept)],
      ['20,000 names: deleted rows with a left over entry whose value is guessed', ...lookedUp(names, isDeleted)],
    ],
  ),
].join('\n');

const document = readFileSync(DOCUMENT, 'utf8');
const current = document.replace(MARKS, `$1${text}$2`);
if (process.argv.includes('--write')) writeFileSync(DOCUMENT, current);
else if (!process.argv.includes('--check')) console.log(text);
else if (document !== current) {
  console.error('docs/tables.md has other tables: run node bench/search-leaks.mjs --write');
  process.exitCode = 1;
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
 * The share of rows whose value is guessed, and how many rows a search reads without need, because their values share
 * the tag. A value is searched as often as it occurs.
 */
function attack(values, { bits, partitions }) {
  let [right, inVain] = [0, 0];
  for (const [at, rows] of split(values, partitions).entries()) {
    const groups = groupsOf(rows, { bits, scope: partitions === 1 ? '' : `partition ${at}` });
    for (const [rank, { total, counts }] of groups.entries()) {
      right += counts.get(rank) ?? 0;
      for (const count of counts.values()) inVain += count * (total - count);
    }
  }
  return { guessed: right / values.length, inVain: inVain / values.length };
}

function split(values, partitions) {
  const parts = Array.from({ length: partitions }, () => []);
  for (const [row, value] of values.entries()) parts[row % partitions].push(value);
  return parts;
}

/**
 * The share of the wanted entries whose value is guessed from the keys of all entries: `name.<tag>`, and PartitionKey
 * and RowKey of the row. The entries include those of deleted rows.
 */
function lookedUp(values, isWanted) {
  return [1, PARTITIONS].map((partitions) => {
    let [right, wanted] = [0, 0];
    for (const [at, ranks] of split(values, partitions).entries()) {
      const scope = partitions === 1 ? '' : `partition ${at}`;
      const entries = ranks.map((rank, rk) => ({
        partitionKey: `name.${tagOf(rank, { bits: 128, scope })}`,
        rk,
        rank,
      }));
      const guesses = new Map(byCount(entries.map(({ partitionKey }) => partitionKey)).map((key, rank) => [key, rank]));
      for (const { partitionKey, rank } of entries.filter(({ rk }) => isWanted(rk))) {
        wanted += 1;
        if (guesses.get(partitionKey) === rank) right += 1;
      }
    }
    return percent(right / wanted);
  });
}

/** Deleted rows are spread evenly. */
function isDeleted(rk) {
  return rk % DELETED === 0;
}

function isKept(rk) {
  return !isDeleted(rk);
}

/** The keys, most common first. */
function byCount(keys) {
  const counts = new Map();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort(([one, few], [other, many]) => many - few || (one < other ? -1 : 1)).map(([key]) => key);
}

/** The tags of rows, most common first. Equally common ones are in the order of their tags, which is random. */
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
  const place = `${scope}/${value}`;
  const found = known.get(place) ?? macOf(value, scope);
  known.set(place, found);
  return found.slice(0, bits / 4);
}

function macOf(value, scope) {
  return KEY.mac({ table: 'patients', property: 'name' }, [scope, 'string', String(value)]);
}

/** Mulberry32: numbers from 0 to 1, always the same for a seed. */
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
