import type { ObjectOutcome } from '../envelope/maintenance/outcome.js';

/** An object that needs attention. */
export interface ObjectFailure {
  /** Kind and name of the source. */
  readonly source: string;
  readonly name: string;
  readonly outcome: ObjectOutcome;
  readonly code?: string;
}

/**
 * What happens in a maintenance job. Names of objects are in it; content, wrapped keys and texts of foreign errors never.
 *
 * - `started`: a pass begins: the task itself, or its census
 * - `progress`: at most once a second, and at the end of a shard
 * - `object`: an object needs attention
 * - `throttled`: a service is busy or cannot be reached; the job goes on more slowly
 * - `keyUnavailable`, `keyAvailable`: beginning and end of the outage of a key
 * - `waiting`: other processes work on what is left
 * - `finished`: a pass is over
 */
export type MaintenanceEvent =
  | { readonly kind: 'started' | 'finished' | 'waiting'; readonly pass: 'work' | 'census' }
  | ({ readonly kind: 'progress' } & MaintenanceProgress)
  | ({ readonly kind: 'object' } & ObjectFailure)
  | { readonly kind: 'throttled'; readonly requestsPerSecond: number }
  | { readonly kind: 'keyUnavailable' | 'keyAvailable' };

/** Of this process, since its pass began. */
export interface MaintenanceProgress {
  readonly pass: 'work' | 'census';
  /** Kind and name of the source that is worked on. */
  readonly source: string;
  readonly seen: number;
  /** Objects that were changed, or would be. */
  readonly done: number;
  /** Objects that need attention. */
  readonly failed: number;
  /** Objects a second. */
  readonly rate: number;
}
