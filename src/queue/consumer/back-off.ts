/** How long to wait before the next try: doubled each time, bounded, spread so that many do not come at once. */
/** In seconds. */
export interface BackOffRange {
  readonly min: number;
  readonly max: number;
}

/** Any more doublings are beyond every bound, and would end in what is no number. */
const MAX_DOUBLINGS = 52;

/** Seconds before try number `attempt`, counted from 1: from half of the doubled delay to all of it. */
export function backOff(attempt: number, { min, max }: BackOffRange, random: () => number = Math.random): number {
  const delay = Math.min(max, min * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS));
  return Math.max(Math.min(min, max), (delay / 2) * (1 + random()));
}
