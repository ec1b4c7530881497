import type { FailedObject } from '../envelope/maintenance/outcome.js';

/** An object that needs attention. */
export interface ObjectFailure extends FailedObject {
  /** Kind and name of the source. */
  readonly source: string;
}

/** A snapshot or an old version of a blob that was deleted, or would be in a dry run. */
export interface Deletion {
  /** Kind and name of the source. */
  readonly source: string;
  readonly name: string;
  /** The snapshot, or the id of the version. */
  readonly copy: string;
  /** Whether the account can restore it until its soft delete ends. Absent if the service does not say. */
  readonly isSoft?: boolean;
}

/**
 * An event of a maintenance job. Events contain names of objects, but never content, wrapped keys or messages of other libraries' errors.
 *
 * - `warning`: what the job will leave behind, before it begins
 * - `started`: a pass, which is the task itself or its census, begins in this process
 * - `planned`: all shards of a pass are known
 * - `shardStarted`, `shardDone`: this process begins or resumes a shard, and finishes it
 * - `progress`: at most once a second, and at the end of a pass
 * - `object`: an object needs attention
 * - `throttled`: a service is busy or cannot be reached; the job continues more slowly
 * - `keyUnavailable`, `keyAvailable`: the outage of a key begins, or ends
 * - `waiting`: only shards that other processes are working on are left
 * - `finished`: a pass ends
 */
export type MaintenanceEvent = {
  /** Name of the job. */
  readonly job: string;
} & (
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'started' | 'finished' | 'waiting'; readonly pass: 'work' | 'census' }
  | { readonly kind: 'planned'; readonly pass: 'work' | 'census'; readonly shards: number }
  | ({ readonly kind: 'shardStarted' | 'shardDone' } & ShardProgress)
  | ({ readonly kind: 'progress' } & MaintenanceProgress)
  | ({ readonly kind: 'object' } & ObjectFailure)
  | { readonly kind: 'throttled'; readonly requestsPerSecond: number }
  | { readonly kind: 'keyUnavailable' | 'keyAvailable' }
);

type WithoutJob<Event> = Event extends unknown ? Omit<Event, 'job'> : never;
/** An event before the name of its job is added. */
export type EventOfPass = WithoutJob<MaintenanceEvent>;

/** Progress of a shard. The counts are those of all processes that have worked on it. */
export interface ShardProgress {
  readonly pass: 'work' | 'census';
  /** Kind and name of the source. */
  readonly source: string;
  /** Name of the shard, as `planMaintenance` yields it. */
  readonly shard: string;
  readonly seen: number;
  /** Objects that were changed, or would be in a dry run. */
  readonly done: number;
  /** Objects that need attention. */
  readonly failed: number;
}

/** Progress of this process since its pass began. */
export interface MaintenanceProgress {
  readonly pass: 'work' | 'census';
  /** Kind and name of the source that is being processed. */
  readonly source: string;
  readonly seen: number;
  /** Objects that were changed, or would be in a dry run. */
  readonly done: number;
  /** Objects that need attention. */
  readonly failed: number;
  /** Objects per second. */
  readonly rate: number;
  /**
   * Seconds until the pass has seen as many objects as the last finished run of the job, or, in its first census, as its work, at
   * the rate of this process. Objects that were seen before it began are not counted again. Absent in the first run. Processes
   * that share the job end sooner.
   */
  readonly eta?: number;
}
