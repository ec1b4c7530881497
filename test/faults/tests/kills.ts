/** Processes that are killed (SIGKILL) at random moments: what they had finished is there, and nothing is half there. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Orders, Told } from '../kill/process.js';
import { type Progress, type Work, WORKS } from '../kill/work.js';
import type { Job, Lab } from '../lab.js';
import type { Ground } from '../operations/operation.js';
import { type Finding, wrong } from '../outcome.js';
import type { Random } from '../random.js';
import { holdsWithin } from './waiting.js';

const TEST = 'kill -9';
const PROCESS = fileURLToPath(new URL('../kill/process.js', import.meta.url));
const ROUNDS = { short: 1, long: 10 };
/** Milliseconds from the first round on. */
const LONGEST_LIFE = 400;
const START_MS = 60_000;

export async function kills(lab: Lab): Promise<void> {
  const rounds = Array.from({ length: ROUNDS[lab.options.round] }, (_, round) => round);
  await lab.runAll(
    TEST,
    rounds.flatMap((round) =>
      WORKS.map((work): Job => ({
        name: `${work.name}, round ${round}`,
        run: async ({ through }, random) => {
          const ground: Ground = {
            ...{ direct: lab.direct, through, random, folder: lab.folder },
            ...{ protocol: random.pick(['1.0', '2.0', '2.1'] as const), name: `kill-${WORKS.indexOf(work)}-${round}` },
          };
          const finding = await kill(lab, ground, { work, random });
          if (finding === undefined) lab.table.count(TEST, 'right');
          else lab.table.fail({ test: TEST, where: `${work.name}, round ${round}`, finding });
        },
      })),
    ),
  );
}

async function kill(
  lab: Lab,
  ground: Ground,
  { work, random }: { readonly work: Work; readonly random: Random },
): Promise<Finding | undefined> {
  await work.prepare(ground);
  const { name, folder, protocol } = ground;
  const orders: Orders = { work: work.name, connectionString: lab.connectionString, name, folder, protocol };
  const child = fork(PROCESS, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const told: Told[] = [];
  child.on('message', (message: Told) => told.push(message));
  const exit = once(child, 'exit');
  const begins = await holdsWithin(START_MS, () => told.length > 0 || child.exitCode !== null);
  if (begins) await pause(random.between(0, LONGEST_LIFE));
  const diedAlone = child.exitCode !== null;
  child.kill('SIGKILL');
  await exit;
  // what the process had sent last may still be at work in the service
  await pause(100);
  return diedAlone ? wrong('the process ended by itself, with an error') : work.judge(ground, progressOf(told));
}

/** What the process said last may have died with it. */
function progressOf(told: readonly Told[]): Progress {
  const done = Math.max(0, ...told.filter(({ kind }) => kind === 'done').map(({ round }) => round));
  return { done, begun: Math.max(done, ...told.map(({ round }) => round)) + 1 };
}
