/**
 * Measures the cost of each suite: `npm test -- --testEnvironment=./test/runner/cost-environment.mjs` with the path of
 * a file in SUITE_COSTS, to which a line is added for each suite: CPU seconds of the worker, of the processes that the
 * suite started and that have ended, and of the emulator; seconds on the clock; the path. With `-i`, the emulator
 * serves one suite at a time. On Linux.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { SharedEnvironment } from './shared-environment.mjs';

/** Kernel ticks per second. */
const HERTZ = 100;
/** Places in /proc/<pid>/stat after the name of the program, which may have spaces: utime, stime, cutime, cstime. */
const [OWN, CHILDREN] = [
  [11, 12],
  [13, 14],
];

function secondsOf(pid, places) {
  if (pid === undefined) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return places.reduce((sum, place) => sum + Number(fields[place]), 0) / HERTZ;
}

/** Jest's main process has started it: the parent of a worker or, with `-i`, this one. */
function emulatorPid() {
  const children = [process.pid, process.ppid].flatMap(
    (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? [],
  );
  return children.find((pid) => /azurite/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')));
}

function costs() {
  const { user, system } = process.cpuUsage();
  const emulator = secondsOf(emulatorPid(), OWN);
  return [(user + system) / 1e6, secondsOf('self', CHILDREN), emulator, performance.now() / 1000];
}

export default class CostEnvironment extends SharedEnvironment {
  constructor(config, { testPath }) {
    super(config);
    this.path = relative(config.globalConfig.rootDir, testPath);
    this.costsBefore = costs();
  }

  async teardown() {
    const spent = costs().map((now, at) => (now - this.costsBefore[at]).toFixed(2));
    appendFileSync(process.env.SUITE_COSTS, `${[...spent, this.path].join('\t')}\n`);
    await super.teardown();
  }
}
