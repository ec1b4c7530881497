/**
 * `npm run test:faults [-- [--short | --long] [--only TEXT] [--seed NUMBER] [--write]]`; docs/reliability.md says what
 * it tests.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Lab, type RunOptions, type Test } from './lab.js';
import { report } from './report.js';
import { Table } from './table.js';
import { aborts } from './tests/aborts.js';
import { consumers } from './tests/consumers.js';
import { matrix } from './tests/matrix.js';
import { fuzz } from './tests/fuzz.js';
import { kills } from './tests/kills.js';
import { partition } from './tests/partition.js';
import { racing } from './tests/racing.js';
import { soak } from './tests/soak.js';

const TESTS: Readonly<Record<string, Test>> = { soak, ...matrix, aborts, racing, kills, consumers, partition, fuzz };

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

const options: RunOptions = {
  round: flags.long ? 'long' : 'short',
  seed: Number(flags.seed ?? randomInt(2 ** 31)),
  only: flags.only,
};
if (!Number.isSafeInteger(options.seed)) {
  console.error('--seed requires an integer');
  process.exit(2);
}

const started = performance.now();
console.error(`A ${options.round} round with --seed ${options.seed}`);
const table = new Table();
watch(table);
let lab = await Lab.open(options, table);
for (const [name, test] of Object.entries(TESTS)) {
  const before = performance.now();
  await test(lab);
  console.error(`${name}: ${((performance.now() - before) / 1000).toFixed(1)} s`);
  // the emulator keeps everything that was ever stored in it
  if (lab.isLong) {
    await lab.close();
    lab = await Lab.open(options, table);
  }
}
await lab.close();
await report({ options, table }, { seconds: (performance.now() - started) / 1000, write: flags.write });
process.exit(table.hasFailed ? 1 : 0);

/** An uncaught error is a failure of the entire run, and so is a leaked listener. */
function watch(table: Table): void {
  const fail = (what: string): void => {
    table.fail({ test: 'the process', where: 'at any time', finding: { verdict: 'wrong', what } });
  };
  process.on('unhandledRejection', (error) => {
    fail(`an unhandled rejection: ${String((error as Error | undefined)?.stack ?? error)}`);
  });
  process.on('uncaughtException', (error) => {
    fail(`an uncaught exception: ${String(error.stack)}`);
  });
  process.on('warning', (warning) => {
    if (warning.name === 'MaxListenersExceededWarning') fail(`a leaked listener: ${String(warning.stack)}`);
  });
}
