import type { AbortSignalLike } from '@azure/abort-controller';
import { setTimeout as timeout } from 'node:timers/promises';
import { aborted, linkedAbort } from '../../aborts.js';

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
    const { controller, unlink } = linkedAbort(signal);
    try {
      await timeout(milliseconds, undefined, { signal: controller.signal });
    } catch {
      throw aborted();
    } finally {
      unlink();
    }
  },
};
