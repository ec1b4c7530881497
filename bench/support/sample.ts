/** One run of a piece of work, with all measurements. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { constants, monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';

export interface Sample {
  readonly seconds: number;
  /** User and system time of this process, including its threads. */
  readonly cpuSeconds: number;
  /** Seconds that the event loop was busy. */
  readonly loopSeconds: number;
  /** Milliseconds between two turns of a timer of one millisecond. */
  readonly delayP50: number;
  readonly delayP99: number;
  readonly delayMax: number;
  /** Garbage collection that blocked the event loop. */
  readonly garbage: Garbage;
}

export interface Garbage {
  /** Milliseconds in total. */
  readonly ms: number;
  /** Milliseconds of the longest scavenge, and of the longest collection of another kind. */
  readonly longestScavenge: number;
  readonly longestOther: number;
}

const NANOSECONDS_PER_MS = 1e6;

export async function takeSample(work: () => Promise<unknown>): Promise<Sample> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const garbage = watchGarbage();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const started = performance.now();
  delay.enable();
  await work();
  delay.disable();
  const seconds = (performance.now() - started) / 1000;
  const { active } = performance.eventLoopUtilization(loop);
  const { user, system } = process.cpuUsage(cpu);
  return {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    loopSeconds: active / 1000,
    delayP50: delay.percentile(50) / NANOSECONDS_PER_MS,
    delayP99: delay.percentile(99) / NANOSECONDS_PER_MS,
    delayMax: delay.max / NANOSECONDS_PER_MS,
    garbage: await garbage(),
  };
}

/** Entries of the garbage collector arrive one turn later. */
function watchGarbage(): () => Promise<Garbage> {
  const durations = { scavenge: [0], other: [0] };
  const note = (entries: readonly { readonly duration: number; readonly detail?: unknown }[]): void => {
    for (const { duration, detail } of entries) {
      const { kind } = detail as { readonly kind: number };
      durations[kind === constants.NODE_PERFORMANCE_GC_MINOR ? 'scavenge' : 'other'].push(duration);
    }
  };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return async () => {
    await nextTurn();
    note(observer.takeRecords());
    observer.disconnect();
    const { scavenge, other } = durations;
    const ms = [...scavenge, ...other].reduce((sum, duration) => sum + duration, 0);
    return { ms, longestScavenge: Math.max(...scavenge), longestOther: Math.max(...other) };
  };
}
