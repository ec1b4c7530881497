/**
 * The exports of the built package, as ESM and as CommonJS, equal test/types/public-api.txt.
 *
 * `node tools/check-exports.mjs --write` takes the exports as they are: adding one is a visible act.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIST = join(ROOT, 'test/types/public-api.txt');
const PACKAGE = 'nestjs-azure-encrypted-storage';

if (!existsSync(join(ROOT, 'dist/esm/index.js'))) throw new Error('Nothing is built: run `npm run build` first');

const esm = namesOf(await import(PACKAGE));
const cjs = namesOf(createRequire(import.meta.url)(PACKAGE));

if (process.argv.includes('--write')) {
  mkdirSync(dirname(LIST), { recursive: true });
  writeFileSync(LIST, esm.map((name) => `${name}\n`).join(''));
}

const listed = existsSync(LIST) ? readFileSync(LIST, 'utf8').split('\n').filter(Boolean) : [];
const faults = [...differences('ESM', esm), ...differences('CommonJS', cjs)];
for (const fault of faults) console.error(fault);
console.log(`${listed.length} exports listed, ${faults.length} differences`);
process.exitCode = faults.length === 0 ? 0 : 1;

function namesOf(exported) {
  return Object.keys(exported)
    .filter((name) => !['default', 'module.exports', '__esModule'].includes(name))
    .sort();
}

function differences(format, exported) {
  return [
    ...exported
      .filter((name) => !listed.includes(name))
      .map((name) => `${format} exports ${name}, which is not listed`),
    ...listed.filter((name) => !exported.includes(name)).map((name) => `${format} does not export ${name}`),
  ];
}
