/** A clock with timers: monotonic, even if the date of the system changes. */
import type { AbortSignalLike } from '@azure/abort-controller';
import { aborted, onAbort } from './aborts.js';

/** The time that consumers and jobs see. Tests pass in their own. */
export interface Clock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Runs the task after this number of milliseconds, unless the returned function is called first. */
  after(milliseconds: number, task: () => void): () => void;
}

/** Longest time of a timer, in milliseconds. A timer with a longer one ends at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

export const MS = 1000;
export const MS_PER_DAY = 24 * 60 * 60 * MS;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, task) => {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Waits for this time, or until the signal is aborted. */
export function pause(clock: Clock, seconds: number, signal?: AbortSignalLike): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      stopListening();
      resolve();
    };
    const cancel = clock.after(seconds * MS, end);
    const stopListening = onAbort(signal, end);
    if (signal?.aborted === true) end();
  });
}

/** Waits for the work, but no longer than this time. */
export async function atMost(clock: Clock, seconds: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, pause(clock, seconds, done.signal)]).finally(() => done.abort());
}

/** How long a request may take, and what ends it earlier. */
interface Deadline {
  readonly clock: Clock;
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

/**
 * The response of a request. Rejects when the time is up or the signal is aborted, even if the request ignores the signal that it
 * gets. A response that arrives later is dropped.
 */
export async function within<Answer>(
  { clock, seconds, signal }: Deadline,
  request: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const ended = new AbortController();
  let stopWaiting = (): void => undefined;
  const over = new Promise<never>((_resolve, reject) => {
    const end = (error: Error): void => {
      reject(error);
      ended.abort(error);
    };
    const leave = (): void => end(aborted());
    const cancel = clock.after(seconds * MS, () => end(new TimeoutError(seconds)));
    const stopListening = onAbort(signal, leave);
    if (signal?.aborted === true) leave();
    stopWaiting = () => {
      cancel();
      stopListening();
    };
  });
  try {
    return await Promise.race([over, request(ended.signal)]);
  } finally {
    stopWaiting();
  }
}

/** What {@link within} rejects with when the time is up. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';

  constructor(seconds: number) {
    super(`There was no answer within ${Math.round(seconds * MS) / MS} seconds`);
  }
}
