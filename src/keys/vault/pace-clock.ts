import { AbortError, type AbortSignalLike } from '@azure/abort-controller';
import { setTimeout as timeout } from 'node:timers/promises';

/** Passed in by tests. */
export interface PaceClock {
  /** Milliseconds that only increase. */
  now(): number;
  sleep(milliseconds: number, signal: AbortSignalLike | undefined): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

export const realClock: PaceClock = {
  now: () => performance.now(),
  random: () => Math.random(),
  sleep: async (milliseconds, signal) => {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort();
    signal?.addEventListener('abort', onAbort);
    try {
      if (signal?.aborted === true) throw aborted();
      await timeout(milliseconds, undefined, { signal: abort.signal });
    } catch {
      throw aborted();
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  },
};

export const aborted = (): AbortError => new AbortError('The operation was aborted.');
