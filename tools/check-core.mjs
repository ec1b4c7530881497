/**
 * Checks that the built entry `core` loads neither Nest nor an SDK of Azure Storage, and that `require` of it takes at
 * most 1.3 times as long as that of the blob SDK alone. The shortest of several runs counts, each in a new process and
 * in alternation.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CORE = 'nestjs-azure-encrypted-storage/core';
const BLOB_SDK = '@azure/storage-blob';
const MOST = 1.3;
const RUNS = 7;
const FOREIGN = ['@nestjs/', '@azure/storage-', '@azure/data-tables', '@azure/keyvault-', 'reflect-metadata', 'rxjs'];

const loaded = JSON.parse(
  node(
    `require('${CORE}'); console.log(JSON.stringify(Object.keys(require.cache).map((path) => path.replaceAll('\\\\', '/'))))`,
  ),
);
const faults = FOREIGN.filter((name) => loaded.some((path) => path.includes(`/node_modules/${name}`))).map(
  (name) => `${CORE} loads ${name}`,
);

const times = { [CORE]: [], [BLOB_SDK]: [] };
for (let run = 0; run < RUNS; run++) for (const [name, measured] of Object.entries(times)) measured.push(timeOf(name));
const [core, sdk] = [CORE, BLOB_SDK].map((name) => Math.min(...times[name]));
if (core > MOST * sdk)
  faults.push(`require of ${CORE} takes ${core.toFixed(1)} ms, more than ${MOST} times ${sdk.toFixed(1)} ms`);

for (const fault of faults) console.error(fault);
console.log(
  `${loaded.length} modules; require of core ${core.toFixed(1)} ms, of the blob SDK ${sdk.toFixed(1)} ms: ${(core / sdk).toFixed(2)} times; ${faults.length} faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

function timeOf(name) {
  return Number(
    node(
      `const start = process.hrtime.bigint(); require('${name}'); console.log(Number(process.hrtime.bigint() - start) / 1e6)`,
    ),
  );
}

function node(code) {
  return execFileSync(process.execPath, ['--input-type=commonjs', '-e', code], { cwd: ROOT, encoding: 'utf8' });
}
