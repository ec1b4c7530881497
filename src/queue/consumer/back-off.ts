/**
 * How long to wait before the next try. The delay doubles each time, has a limit, and is randomized so that tries do not
 * coincide.
 */
/** In seconds. */
export interface BackOffRange {
  readonly min: number;
  readonly max: number;
}

/** More doublings would exceed every limit and end in a value that is not a number. */
const MAX_DOUBLINGS = 52;

/** Seconds before try number `attempt`, which counts from 1: between half of the doubled delay and all of it. */
export function backOff(attempt: number, { min, max }: BackOffRange, random: () => number = Math.random): number {
  const delay = Math.min(max, min * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS));
  return Math.max(Math.min(min, max), (delay / 2) * (1 + random()));
}
