/**
 * `npm run test:interop [-- --write] [arguments of jest]`; `--write` writes the resulting matrix to
 * docs/compatibility.md.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const WRITE = '--write';

const given = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/jest/bin/jest.js',
    ...['--config', 'test/interop/live/jest.config.js'],
    ...given.filter((argument) => argument !== WRITE),
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, MATRIX_WRITE: given.includes(WRITE) ? '1' : '' },
  },
);
process.exitCode = status ?? 1;
