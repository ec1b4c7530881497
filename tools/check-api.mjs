/**
 * Checks that docs/api is what TypeDoc generates from the docstrings, and that every public name has one. The entry
 * `core` has the names of the main entry that do not need Nest, so it has no separate reference. `testing` has one in
 * docs/api/testing.
 *
 * `node tools/check-api.mjs --write`, or `npm run docs:api`, regenerates it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesBelow, ROOT } from './markdown.mjs';

const COMMITTED = join(ROOT, 'docs/api');
const TYPEDOC = join(ROOT, 'node_modules/typedoc/bin/typedoc');

const made = mkdtempSync(join(tmpdir(), 'check-api-'));
try {
  document();
  document('testing');
  if (process.argv.includes('--write')) replaceCommitted();
  report(differences());
} finally {
  rmSync(made, { recursive: true, force: true });
}

/** The main entry, or another one in a folder with its name. */
function document(entry) {
  const given =
    entry === undefined
      ? ['--out', made]
      : [
          '--entryPoints',
          `src/${entry}.ts`,
          '--name',
          `nestjs-azure-encrypted-storage/${entry}`,
          '--out',
          join(made, entry),
        ];
  const { status } = spawnSync(process.execPath, [TYPEDOC, ...given], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('TypeDoc refused: every public name needs a docstring');
}

function replaceCommitted() {
  rmSync(COMMITTED, { recursive: true, force: true });
  cpSync(made, COMMITTED, { recursive: true });
}

function differences() {
  const fresh = filesBelow(made, '.md').map((path) => path.slice(made.length + 1));
  const stale = filesBelow('docs/api', '.md').map((path) => path.slice('docs/api/'.length));
  const same = (path) => readFileSync(join(made, path)).equals(readFileSync(join(COMMITTED, path)));
  return [
    ...fresh.filter((path) => !stale.includes(path)).map((path) => `docs/api lacks ${path}`),
    ...stale.filter((path) => !fresh.includes(path)).map((path) => `docs/api/${path} is of a name that is gone`),
    ...fresh.filter((path) => stale.includes(path) && !same(path)).map((path) => `docs/api/${path} is out of date`),
  ];
}

function report(faults) {
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) console.error('Run `npm run docs:api` and commit what it writes.');
  console.log(`the API reference checked, ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
