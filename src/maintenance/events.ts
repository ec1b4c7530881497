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
 * - `started`: a pass, which is the task itself or its census, begins
 * - `progress`: at most once a second, and at the end of a shard
 * - `object`: an object needs attention
 * - `throttled`: a service is busy or cannot be reached; the job continues more slowly
 * - `keyUnavailable`, `keyAvailable`: the outage of a key begins, or ends
 * - `waiting`: other processes work on what is left
 * - `finished`: a pass ends
 */
export type MaintenanceEvent =
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'started' | 'finished' | 'waiting'; readonly pass: 'work' | 'census' }
  | ({ readonly kind: 'progress' } & MaintenanceProgress)
  | ({ readonly kind: 'object' } & ObjectFailure)
  | { readonly kind: 'throttled'; readonly requestsPerSecond: number }
  | { readonly kind: 'keyUnavailable' | 'keyAvailable' };

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
}
