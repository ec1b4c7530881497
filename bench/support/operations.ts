/** Small operations: what one of many equal ones takes. */

const MICROSECONDS_PER_MS = 1000;

/** Microseconds for each of `count` operations, one after another. */
export function perOperation(count: number, operation: (index: number) => unknown): () => Promise<number> {
  return async () => {
    const started = performance.now();
    for (let index = 0; index < count; index++) await operation(index);
    return ((performance.now() - started) * MICROSECONDS_PER_MS) / count;
  };
}

/** The same in CPU, threads included: on a busy machine the least of several samples is what the operations take. */
export function cpuPerOperation(count: number, operation: (index: number) => unknown): () => Promise<number> {
  return async () => {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) await operation(index);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
}

/** Operations a second. */
export const perSecond = (microseconds: number): number => 1e6 / microseconds;
