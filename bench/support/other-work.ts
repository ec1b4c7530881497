/** How busy the machine is with other work. Samples wait for a quiet machine on Linux, and do not wait elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';

/** Cores busy with other work, steal counted twice: the limit to start a sample, and the limit of its average. */
const QUIET_BEFORE = 0.1;
const QUIET_DURING = 0.2;
const STEAL_DURING = 0.1;
const WATCH_MS = 150;
const TICKS_PER_SECOND = 100;

interface Ticks {
  readonly at: number;
  readonly busy: number;
  readonly steal: number;
  readonly own: number;
}

export interface OtherWork {
  /** Busy cores. */
  readonly busy: number;
  readonly steal: number;
}

export const canMeasure = process.platform === 'linux' && readTicks([]) !== null;

/** The child processes of this one, and their children. Without /proc, there are none. */
export function startedProcesses(): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of namesIn('/proc')) {
    const pid = Number(name);
    if (pid > 0) parents.set(pid, Number(statOf(pid)[PARENT]));
  }
  const isStarted = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return parent === process.pid || (parent > 1 && isStarted(parent));
  };
  return [...parents.keys()].filter(isStarted);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Starts a measurement. `pids` are the other processes of the bench. Without /proc, it measures nothing. */
export function watchOthers(pids: readonly number[]): () => OtherWork {
  const before = readTicks(pids);
  return () => {
    const after = readTicks(pids);
    if (before === null || after === null) return { busy: 0, steal: 0 };
    const cores = (ticks: number): number => ticks / TICKS_PER_SECOND / ((after.at - before.at) / 1000);
    return {
      busy: Math.max(0, cores(after.busy - before.busy - (after.own - before.own))),
      steal: cores(after.steal - before.steal),
    };
  };
}

export const wasQuiet = ({ busy, steal }: OtherWork): boolean => busy <= QUIET_DURING && steal <= STEAL_DURING;

/** Waits for a quiet moment, for at most `limitMs`, and returns the milliseconds it waited. */
export async function waitForQuiet(pids: readonly number[], limitMs: number): Promise<number> {
  const started = performance.now();
  const waited = (): number => performance.now() - started;
  while (canMeasure && waited() < limitMs) {
    const others = watchOthers(pids);
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const { busy, steal } = others();
    if (busy + 2 * steal < QUIET_BEFORE) break;
  }
  return waited();
}

function readTicks(pids: readonly number[]): Ticks | null {
  try {
    const [, ...columns] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).map(Number);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = columns;
    const own = [process.pid, ...pids].reduce((sum, pid) => sum + ticksOf(pid), 0);
    return { at: performance.now(), busy: user + nice + system + irq + softIrq, steal, own };
  } catch {
    return null;
  }
}

/** User and system time of a process with its threads; 0 once it is gone. */
function ticksOf(pid: number): number {
  const stat = statOf(pid);
  return Number(stat[USER_TIME] ?? 0) + Number(stat[SYSTEM_TIME] ?? 0);
}

/** Positions of the fields after the name of the program. */
const [PARENT, USER_TIME, SYSTEM_TIME] = [1, 11, 12];

function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
