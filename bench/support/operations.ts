/** Small operations: the time of one of many equal ones. */

const MICROSECONDS_PER_MS = 1000;

/** Microseconds for each of `count` operations, one after another. */
export function perOperation(count: number, operation: (index: number) => unknown): () => Promise<number> {
  return async () => {
    const started = performance.now();
    for (let index = 0; index < count; index++) await operation(index);
    return ((performance.now() - started) * MICROSECONDS_PER_MS) / count;
  };
}

/** Short, so that on a busy machine some slices are not interrupted. */
const SLICE = 40;

/** Microseconds of CPU for each operation, threads included, in the cheapest of the slices of `count` operations. */
export function leastCpu(count: number, operation: (index: number) => unknown): () => Promise<number> {
  return async () => {
    let least = Number.POSITIVE_INFINITY;
    for (let done = 0; done < count; done += SLICE) {
      const before = process.cpuUsage();
      for (let index = 0; index < SLICE; index++) await operation(done + index);
      const { user, system } = process.cpuUsage(before);
      least = Math.min(least, (user + system) / SLICE);
    }
    return least;
  };
}

/** Operations a second. */
export const perSecond = (microseconds: number): number => 1e6 / microseconds;
