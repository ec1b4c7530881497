/** One run of a piece of work, measured from every side. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

export interface Sample {
  readonly seconds: number;
  /** User and system time of this process, its threads included. */
  readonly cpuSeconds: number;
  /** Seconds that the event loop was busy. */
  readonly loopSeconds: number;
  /** Milliseconds between two turns of a timer of one millisecond. */
  readonly delayP50: number;
  readonly delayP99: number;
  readonly delayMax: number;
}

const NANOSECONDS_PER_MS = 1e6;

export async function takeSample(work: () => Promise<unknown>): Promise<Sample> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
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
  };
}
