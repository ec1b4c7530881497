/** A maintenance job: what is done to which objects, how fast, and what is reported of it. */
import type { AbortSignalLike } from '@azure/abort-controller';
import type { ContainerClient } from '@azure/storage-blob';
import type { Maintained } from '../envelope/maintenance/maintained.js';
import type { ObjectOutcome } from '../envelope/maintenance/outcome.js';
import type { MaintenanceTask } from '../envelope/maintenance/task.js';
import { InvalidOptionsError } from '../errors/input.js';
import { anyNumber, callable, flag, groupFaults, must, object, type RulesOf, wholeNumber } from '../option-rules.js';
import type { Clock } from '../queue/consumer/clock.js';
import type { Census } from './census.js';
import type { MaintenanceEvent, ObjectFailure } from './events.js';

/** Blobs, rows or poison messages, as `forMaintenance()` of a container, table or queue client gives them. */
export type MaintenanceSource = Maintained;

/** What is done to which objects. */
export interface MaintenanceJob {
  /** Lower-case letters, digits and hyphens; the same name goes on with the same job. */
  readonly name: string;
  readonly task: MaintenanceTask;
  readonly sources: readonly MaintenanceSource[];
}

/** How a job runs in this process. */
export interface MaintenanceOptions {
  /**
   * Container for the state of jobs, as the plain client. With it a job that ended early goes on where it was, and several processes
   * share one job. Names of objects are kept there in clear; keys and content never.
   *
   * @defaultValue none: the job starts from the beginning each time
   */
  readonly state?: ContainerClient;
  /**
   * Does everything but the writes. State is not kept either.
   *
   * @defaultValue false
   */
  readonly dryRun?: boolean;
  /**
   * Objects, or transactions of rows, that are worked on at the same time, 1 to 1,000.
   *
   * @defaultValue 16
   */
  readonly concurrency?: number;
  /**
   * Requests to storage a second that change or look at objects, at most; halved while the service is busy.
   *
   * @defaultValue 500
   */
  readonly requestsPerSecond?: number;
  /**
   * Pages of 5,000 blobs or 1,000 rows in a shard, the unit that processes share.
   *
   * @defaultValue one shard for each source
   */
  readonly pagesPerShard?: number;
  /**
   * Seconds after which another process may take over a shard whose process says nothing any more, 1 to 3,600.
   *
   * @defaultValue 30
   */
  readonly claimSeconds?: number;
  /**
   * Seconds for which a job waits for a key or a service that cannot be reached, 0 to 86,400. Then it ends with that error, and can
   * go on later.
   *
   * @defaultValue 600
   */
  readonly patience?: number;
  /** Receives everything that happens. What it throws is ignored. */
  readonly onEvent?: (event: MaintenanceEvent) => void;
  /** Ends the job; it can go on later. */
  readonly abortSignal?: AbortSignalLike;
  /** Time, for tests. */
  readonly clock?: Clock;
}

/** Objects by what became of them. */
export type OutcomeCounts = Readonly<Partial<Record<ObjectOutcome, number>>>;

/** What a job did. */
export interface MaintenanceReport {
  readonly job: string;
  readonly task: MaintenanceTask;
  readonly dryRun: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Objects that were looked at; a census looks at all of them once more. */
  readonly seen: number;
  readonly outcomes: OutcomeCounts;
  /** The first of the objects that need attention; `outcomes` counts all. */
  readonly failures: readonly ObjectFailure[];
  readonly census: Census;
}

/** Whether nothing is left to do: every object is as the task wants it, and no retired key is needed any more. */
export const isMaintenanceClean = ({ outcomes, census }: MaintenanceReport): boolean =>
  Object.entries(outcomes).every(([outcome, count]) => count === 0 || ['done', 'same', 'gone'].includes(outcome)) &&
  census.verdict?.mayDestroy !== 'no';

const JOB_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const OPTIONS: RulesOf<MaintenanceOptions> = {
  state: object,
  dryRun: flag,
  concurrency: wholeNumber(1, 1000),
  requestsPerSecond: anyNumber(0.1, 100_000),
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

/** Throws {@link InvalidOptionsError} with every fault. */
export function assertJob({ name, sources, task }: MaintenanceJob, options: MaintenanceOptions): void {
  const titles = sources.map(titleOf);
  const faults = [
    ...NAME.faults(name, 'name'),
    ...(sources.length === 0 ? ['"sources" must have at least one source'] : []),
    ...titles.filter((title, at) => titles.indexOf(title) !== at).map((title) => `"sources" has ${title} twice`),
    ...(task.do === 'rewrap' && Array.isArray(task.retire) && task.retire.length === 0
      ? ['"task.retire" must name at least one key']
      : []),
    ...groupFaults(OPTIONS, { ...options }),
  ];
  if (faults.length > 0) throw new InvalidOptionsError(faults);
}

/** Kind and name of a source. */
export const titleOf = ({ kind, name }: Pick<Maintained, 'kind' | 'name'>): string => `${kind} ${name}`;
