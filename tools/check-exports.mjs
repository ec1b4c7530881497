/**
 * Checks that the exports of each entry of the built package, as ESM and as CommonJS, equal their list in test/types.
 *
 * `node tools/check-exports.mjs --write` accepts the current exports, so that adding one is a deliberate step.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = 'nestjs-azure-encrypted-storage';
const ENTRIES = [
  { entry: PACKAGE, list: 'test/types/public-api.txt' },
  { entry: `${PACKAGE}/core`, list: 'test/types/public-api-core.txt' },
  { entry: `${PACKAGE}/testing`, list: 'test/types/public-api-testing.txt' },
];

if (!existsSync(join(ROOT, 'dist/esm/index.js'))) throw new Error('Nothing is built: run `npm run build` first');

const faults = [];
for (const { entry, list } of ENTRIES) faults.push(...(await check(entry, join(ROOT, list))));
for (const fault of faults) console.error(fault);
console.log(`${ENTRIES.length} entries checked, ${faults.length} differences`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function check(entry, list) {
  const esm = namesOf(await import(entry));
  const cjs = namesOf(createRequire(import.meta.url)(entry));
  if (process.argv.includes('--write')) {
    mkdirSync(dirname(list), { recursive: true });
    writeFileSync(list, esm.map((name) => `${name}\n`).join(''));
  }
  const listed = existsSync(list) ? readFileSync(list, 'utf8').split('\n').filter(Boolean) : [];
  return [...differences(`${entry} as ESM`, esm, listed), ...differences(`${entry} as CommonJS`, cjs, listed)];
}

function namesOf(exported) {
  return Object.keys(exported)
    .filter((name) => !['default', 'module.exports', '__esModule'].includes(name))
    .sort();
}

function differences(entry, exported, listed) {
  return [
    ...exported.filter((name) => !listed.includes(name)).map((name) => `${entry} exports ${name}, which is not listed`),
    ...listed.filter((name) => !exported.includes(name)).map((name) => `${entry} does not export ${name}`),
  ];
}
