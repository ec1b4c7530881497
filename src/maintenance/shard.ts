/** A shard: a part of a source that one process works on at a time, and its saved state. */
import type { BlindSpot, DeletedObject } from '../envelope/maintenance/maintained.js';
import { FINE_OUTCOMES, type OutcomeCounts } from '../envelope/maintenance/outcome.js';
import type { CensusEntry } from './census.js';
import type { Deletion } from './events.js';

/** Where a shard begins and ends in the order of a listing. */
export interface ShardRange {
  /** Index of its source in the job. */
  readonly source: number;
  /** Continuation of the listing; absent for the beginning. */
  readonly from?: string;
  /**
   * Names at the beginning of the next shard: this one ends at the first of them that is listed. There are several because some may
   * be deleted in the meantime. If all are, the shard continues, and objects that are processed twice are found done. Absent for the
   * last shard.
   */
  readonly until?: readonly string[];
  /** Continuation of the listing at which the next shard of the same source begins; absent for the last shard. */
  readonly nextFrom?: string;
}

export interface ShardState extends ShardRange {
  /** Where the next page begins; absent before the first page is done. */
  readonly position?: string;
  readonly done: boolean;
  /** The process that works on it, and the time until which others must not take it over; ISO 8601. */
  readonly worker?: string;
  readonly claimedUntil?: string;
  readonly seen: number;
  readonly outcomes: OutcomeCounts;
  /** Those that saved a page, and the one that is under way. Absent in a shard that an earlier version worked on. */
  readonly attempts?: readonly Attempt[];
  readonly deletions: readonly Deletion[];
  /**
   * What was about to be deleted of the page after the saved position. What of it is gone was deleted by this job, also if the process
   * ended before it could say so.
   */
  readonly deleting?: readonly DeletedObject[];
  readonly census: readonly CensusEntry[];
  readonly blindSpots: readonly BlindSpot[];
  readonly warnings: readonly string[];
}

/** A process that claimed the shard. It notes the failures of a page before it saves the page. */
interface Attempt {
  /** From 1. */
  readonly number: number;
  /** Number of objects before the first page that it saves. */
  readonly from: number;
}

/** One more attempt, from the page that is next. Of those before, it keeps the ones that saved a page. */
export function withAttempt({ attempts = [], seen }: ShardState): readonly Attempt[] {
  const number = (attempts.at(-1)?.number ?? 0) + 1;
  return [...attempts.filter(({ from }) => from < seen), { number, from: seen }];
}

/**
 * The number of the attempt that saved the page after so many objects: 0 for one that an earlier version made, `null` if no page has been
 * saved there.
 */
export function attemptAt({ attempts = [], seen }: ShardState, before: number): number | null {
  if (before >= seen) return null;
  return attempts.findLast(({ from }) => from <= before)?.number ?? 0;
}

/** Maximum number of failures, and of deletions, that a report names. */
export const MOST_NAMED = 1000;

export const newShard = (range: ShardRange): ShardState => ({ ...range, ...NOTHING_DONE, done: false });

export const NOTHING_DONE = {
  seen: 0,
  outcomes: {},
  deletions: [],
  deleting: [],
  census: [],
  blindSpots: [],
  warnings: [],
} as const;

/** Number of objects that need attention. */
export const failedOf = (outcomes: OutcomeCounts): number =>
  Object.entries(outcomes).reduce((sum, [outcome, count]) => sum + (FINE_OUTCOMES.includes(outcome) ? 0 : count), 0);

/** Number of objects that were changed or deleted. */
export const changedOf = ({ done = 0, deleted = 0 }: OutcomeCounts): number => done + deleted;

/** Counts of a shard as metadata of its document. */
export const factsOf = ({ done, seen, outcomes }: ShardState) => ({
  finished: String(done),
  seen: String(seen),
  acted: String(changedOf(outcomes)),
  failed: String(failedOf(outcomes)),
});
