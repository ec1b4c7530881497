/** A maintenance job: what it does to which objects, how fast, and what it reports. */
import type { AbortSignalLike } from '@azure/abort-controller';
import type { ContainerClient } from '@azure/storage-blob';
import type { Maintained, MaintenanceSource } from '../envelope/maintenance/maintained.js';
import type { OutcomeCounts } from '../envelope/maintenance/outcome.js';
import type { MaintenanceTask } from '../envelope/maintenance/task.js';
import {
  anyNumber,
  callable,
  flag,
  groupFaults,
  isObject,
  must,
  object,
  refuse,
  type RulesOf,
  wholeNumber,
} from '../option-rules.js';
import type { Clock } from '../clock.js';
import { type Census, hasUnfinished } from './census.js';
import type { Deletion, MaintenanceEvent, ObjectFailure } from './events.js';
import { changedOf, failedOf } from './shard.js';
import { sourceFaults, taskFaults } from './task-rules.js';

/** What a job does, and to which objects. */
export interface MaintenanceJob {
  /** Lower-case letters, digits and hyphens. Use the same name to resume the same job. */
  readonly name: string;
  readonly task: MaintenanceTask;
  readonly sources: readonly MaintenanceSource[];
}

/** Options for running a job in this process. */
export interface MaintenanceOptions {
  /**
   * The plain client of a container for the state of jobs. With it, an interrupted job resumes where it stopped, and several
   * processes can share one job. Jobs in several accounts that share it need different names. The state contains names of objects in
   * plaintext, but never keys or content.
   *
   * @defaultValue none: the job starts from the beginning each time
   */
  readonly state?: ContainerClient;
  /**
   * Does everything except the writes. No state is kept.
   *
   * @defaultValue false
   */
  readonly dryRun?: boolean;
  /**
   * Number of objects, or of transactions of rows, to work on at the same time, 1 to 1,000.
   *
   * @defaultValue 16
   */
  readonly concurrency?: number;
  /**
   * Maximum number of requests to storage per second that change or read objects. It is halved while the service is busy.
   *
   * @defaultValue 500
   */
  readonly requestsPerSecond?: number;
  /**
   * Maximum number of calls per second to keys that are not in this process, such as keys in a vault; a rewrap makes three. Keys that have
   * `wrapsInProcess` and `unwrapsInProcess`, such as AES keys, are not limited. It is halved while a key service answers 429.
   *
   * @defaultValue 100
   */
  readonly keyCallsPerSecond?: number;
  /**
   * Number of pages (of 1,000 blobs or 500 rows) in a shard. Processes that share a job take one shard at a time.
   *
   * @defaultValue one shard for each source
   */
  readonly pagesPerShard?: number;
  /**
   * Seconds of silence after which another process may take over a shard, 1 to 3,600.
   *
   * @defaultValue 30
   */
  readonly claimSeconds?: number;
  /**
   * Seconds to wait for a key or a service that cannot be reached, 0 to 86,400. After that the job fails with its error, and can be
   * resumed later.
   *
   * @defaultValue 600
   */
  readonly patience?: number;
  /** Called with each event. Errors that it throws are ignored. */
  readonly onEvent?: (event: MaintenanceEvent) => void;
  /** Stops the job, which can be resumed later. */
  readonly abortSignal?: AbortSignalLike;
  /** Time, for tests. */
  readonly clock?: Clock;
}

/** The result of a job. */
export interface MaintenanceReport {
  readonly job: string;
  readonly task: MaintenanceTask;
  readonly dryRun: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Number of objects examined by the task. The census, which examines all of them again, is not included. */
  readonly seen: number;
  readonly outcomes: OutcomeCounts;
  /** The first 1,000 objects that need attention; `outcomes` counts all of them. */
  readonly failures: readonly ObjectFailure[];
  /** The first 1,000 snapshots and old versions that were deleted, or would be in a dry run; `outcomes` counts all of them. */
  readonly deletions: readonly Deletion[];
  /** What the job leaves behind or cannot reach, such as old versions of the blobs that it changes. */
  readonly warnings: readonly string[];
  readonly census: Census;
}

/**
 * Whether nothing is left to do: every object is in the state that the task requires, snapshots and old versions included, and no
 * retired key is needed any more. A dry run that would change something is not clean.
 */
export function isMaintenanceClean({ task, dryRun, outcomes, census }: MaintenanceReport): boolean {
  return (
    failedOf(outcomes) === 0 &&
    !(dryRun && changedOf(outcomes) > 0) &&
    census.verdict?.mayDestroy !== 'no' &&
    !hasUnfinished(task, census) &&
    Object.values(census.tags ?? {}).every((count) => count === 0)
  );
}

const JOB_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const MAINTENANCE: RulesOf<MaintenanceOptions> = {
  state: object,
  dryRun: flag,
  concurrency: wholeNumber(1, 1000),
  requestsPerSecond: anyNumber(0.1, 100_000),
  keyCallsPerSecond: anyNumber(0.1, 100_000),
  pagesPerShard: wholeNumber(1, 100_000),
  claimSeconds: anyNumber(0.1, 3600),
  patience: anyNumber(0, 86_400),
  onEvent: callable,
  abortSignal: object,
  clock: object,
};
const NAME = must(
  (value) => typeof value === 'string' && JOB_NAME.test(value),
  'up to 63 lower-case letters, digits and hyphens',
);

const SOURCES = must(
  (sources) =>
    Array.isArray(sources) && sources.every((source) => isObject(source) && typeof source['pages'] === 'function'),
  'a list of what forMaintenance() returns',
);

/** Throws {@link InvalidOptionsError} that lists every problem. */
export function assertJob({ name, sources, task }: MaintenanceJob, options: MaintenanceOptions): void {
  refuse(SOURCES.faults(sources, 'sources'));
  const titles = sources.map(titleOf);
  refuse([
    ...NAME.faults(name, 'name'),
    ...(sources.length === 0 ? ['"sources" must have at least one source'] : []),
    ...titles.filter((title, at) => titles.indexOf(title) !== at).map((title) => `"sources" has ${title} twice`),
    ...taskFaults(task),
    ...sourceFaults(task, sources),
    ...groupFaults(MAINTENANCE, options),
  ]);
}

/** Kind and name of a source. */
export const titleOf = ({ kind, name }: Pick<Maintained, 'kind' | 'name'>): string => `${kind} ${name}`;
