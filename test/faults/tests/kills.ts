/** Processes that are killed (SIGKILL) at random moments: finished work is stored, and nothing is stored partially. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Orders, Report } from '../kill/process.js';
import type { Progress, Work } from '../kill/work.js';
import { WORKS } from '../kill/works.js';
import type { Lab } from '../lab.js';
import type { Ground } from '../operations/operation.js';
import { type Finding, wrong } from '../outcome.js';
import type { Tally } from '../table.js';
import { holdsWithin } from '../waiting.js';
import { runRounds, type Trial } from './rounds.js';

const PROCESS = fileURLToPath(new URL('../kill/process.js', import.meta.url));
const START_MS = 60_000;

export async function kills(lab: Lab): Promise<void> {
  await runRounds(lab, {
    ...{ test: 'kill -9', prefix: 'kill', rounds: { short: 1, long: 10 }, cases: WORKS },
    run: (trial) => kill(lab, trial),
  });
}

async function kill(lab: Lab, { lane, random, case: work, name }: Trial<Work>): Promise<Finding | Tally> {
  const protocol = random.pick(['1.0', '2.0', '2.1'] as const);
  const ground: Ground = {
    ...{ direct: lab.direct, through: lane.through, random, folder: lab.folder, protocol, name },
  };
  await work.prepare(ground);
  const { folder } = ground;
  const orders: Orders = { work: work.name, connectionString: lab.connectionString, name, folder, protocol };
  const reports: Report[] = [];
  for (let life = 0; life < work.lives.count; life += 1) {
    const child = fork(PROCESS, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const hasEnded = await live(child, reports, random.between(0, work.lives.longest));
    if (hasEnded) return wrong('the process ended by itself, with an error');
  }
  return (await work.judge(ground, progressOf(reports))) ?? { right: 1 };
}

/** Kills the process this many milliseconds after its first round started. Returns whether it had already ended. */
async function live(child: ChildProcess, reports: Report[], milliseconds: number): Promise<boolean> {
  let hasBegun = false;
  child.on('message', (message: Report) => {
    hasBegun = true;
    reports.push(message);
  });
  const exit = once(child, 'exit');
  if (await holdsWithin(START_MS, () => hasBegun || child.exitCode !== null)) await pause(milliseconds);
  const hasEnded = child.exitCode !== null;
  child.kill('SIGKILL');
  await exit;
  // the service may still be processing the last requests of the process
  await pause(100);
  return hasEnded;
}

/** The last report of the process may have been lost. */
function progressOf(reports: readonly Report[]): Progress {
  const done = Math.max(0, ...reports.filter(({ kind }) => kind === 'done').map(({ round }) => round));
  return { done, begun: Math.max(done, ...reports.map(({ round }) => round)) + 1 };
}
