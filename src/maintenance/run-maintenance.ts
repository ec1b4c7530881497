/** Runs jobs: the task, then a census, then the report. */
import { retiredBy } from '../envelope/maintenance/task.js';
import { InvalidOptionsError } from '../errors/input.js';
import { PACKAGE_VERSION } from '../version.js';
import { blindSpotsOf, type Census, Tally, verdictOn } from './census.js';
import type { ObjectFailure } from './events.js';
import { assertJob, type MaintenanceJob, type MaintenanceOptions, type MaintenanceReport, titleOf } from './job.js';
import { MaintenancePass } from './pass.js';
import type { ShardState } from './shard.js';
import { ContainerStore, MemoryStore, type StateStore } from './state-store.js';

/** Maximum number of failures that a report names. */
const MOST_FAILURES = 1000;

/** The state of a job as a whole. */
interface JobState {
  /** Names of the sources and the task, as JSON. A different job with the same name is refused. */
  readonly identity: string;
  readonly packageVersion: string;
  /** Runs that have finished. */
  readonly finished: number;
  readonly startedAt: string;
}

/**
 * Runs a job to completion and returns its report, with a census of the same sources. With `state`, a job that was interrupted
 * resumes where it stopped, even after a crash, and a job that has finished starts again.
 *
 * @throws `INVALID_OPTIONS` for a job that cannot work, before any object is changed; a key or service error that lasts longer than
 * `patience`, after which the job can be resumed; `KEY_WRAP_FAILED` if the new key does not unwrap what it wrapped, in which case
 * nothing is overwritten. Problems with individual objects are not thrown; the report lists them.
 *
 * @example
 * ```ts
 * import { type EncryptedBlobService, isMaintenanceClean, runMaintenance } from 'nestjs-azure-encrypted-storage';
 *
 * export async function leaveOldKey(blobs: EncryptedBlobService): Promise<boolean> {
 *   const report = await runMaintenance(
 *     {
 *       name: 'leave-clinic-2025',
 *       task: { do: 'rewrap', retire: ['clinic:2025'] },
 *       sources: [blobs.getContainerClient('scans').forMaintenance()],
 *     },
 *     { dryRun: true },
 *   );
 *   return isMaintenanceClean(report);
 * }
 * ```
 */
export async function runMaintenance(
  job: MaintenanceJob,
  options: MaintenanceOptions = {},
): Promise<MaintenanceReport> {
  const run = await MaintenanceRun.open(job, options);
  return run.toTheEnd();
}

/**
 * Splits a job into shards for your own queue, which runs each with {@link runMaintenanceShard}, in any process and any order.
 * Yields the name of each shard as soon as it is planned. When all are done, call {@link runMaintenance}: it does what is left, and
 * counts.
 *
 * @throws `INVALID_OPTIONS` without `state`
 */
export async function* planMaintenance(job: MaintenanceJob, options: MaintenanceOptions): AsyncGenerator<string> {
  assertShared(options);
  const run = await MaintenanceRun.open(job, options);
  yield* run.work.plan();
}

/**
 * Runs one shard of a job. A shard may be interrupted, run again, and run by two processes at once.
 *
 * @returns `'done'`, or `'taken'` if another process is working on it
 * @throws `INVALID_OPTIONS` without `state`; otherwise as {@link runMaintenance}
 */
export async function runMaintenanceShard(
  job: MaintenanceJob,
  shard: string,
  options: MaintenanceOptions,
): Promise<'done' | 'taken'> {
  assertShared(options);
  const run = await MaintenanceRun.open(job, options);
  return run.work.runShard(shard);
}

function assertShared({ state, dryRun = false }: MaintenanceOptions): void {
  if (state !== undefined && !dryRun) return;
  throw new InvalidOptionsError(['"state" must be given, without "dryRun": shards are shared through it']);
}

class MaintenanceRun {
  readonly work: MaintenancePass;
  readonly #census: MaintenancePass;

  private constructor(
    private readonly job: MaintenanceJob,
    private readonly options: MaintenanceOptions,
    private readonly kept: { readonly store: StateStore; readonly state: JobState },
  ) {
    const { sources, task } = job;
    const folder = `${job.name}/${kept.state.finished + 1}`;
    const parts = { sources, store: kept.store, options };
    this.work = new MaintenancePass({ ...parts, kind: 'work', task, folder: `${folder}/work` });
    const counting = { do: 'census' } as const;
    this.#census = new MaintenancePass({ ...parts, kind: 'census', task: counting, folder: `${folder}/census` });
  }

  static async open(job: MaintenanceJob, options: MaintenanceOptions): Promise<MaintenanceRun> {
    assertJob(job, options);
    const { state, dryRun = false } = options;
    const store = state === undefined || dryRun ? new MemoryStore() : new ContainerStore(state);
    if (state !== undefined && !dryRun) await state.createIfNotExists();
    return new MaintenanceRun(job, options, { store, state: await jobState(store, job) });
  }

  async toTheEnd(): Promise<MaintenanceReport> {
    const { task } = this.job;
    if (task.do !== 'census') await this.work.run();
    await this.#census.run();
    const worked = task.do === 'census' ? [] : await this.work.states();
    const counted = await this.#census.states();
    const report = this.#report(
      worked.length === 0 ? counted : worked,
      censusOf(this.job, counted, await this.#census.startedAt()),
    );
    await this.#keep(report);
    return report;
  }

  #report(shards: readonly ShardState[], census: Census): MaintenanceReport {
    const { job, options } = this;
    const outcomes: Record<string, number> = {};
    for (const [outcome, count] of shards.flatMap((shard) => Object.entries(shard.outcomes))) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    }
    return {
      ...{ job: job.name, task: job.task, dryRun: options.dryRun ?? false },
      startedAt: this.kept.state.startedAt,
      finishedAt: new Date().toISOString(),
      seen: shards.reduce((sum, { seen }) => sum + seen, 0),
      outcomes,
      failures: shards.flatMap(({ failures }): readonly ObjectFailure[] => failures).slice(0, MOST_FAILURES),
      census,
    };
  }

  /** Makes the report, and marks this run of the job as finished, so that the next call starts a new run. */
  async #keep(report: MaintenanceReport): Promise<void> {
    const { store, state } = this.kept;
    const { name } = this.job;
    await store.create(`${name}/${state.finished + 1}/report.json`, report);
    const stored = await store.read<JobState>(`${name}/job.json`);
    if (stored?.value.finished !== state.finished) return;
    const finished = state.finished + 1;
    await store.replace(`${name}/job.json`, { value: { ...state, finished, startedAt: '' }, etag: stored.etag });
  }
}

async function jobState(store: StateStore, job: MaintenanceJob): Promise<JobState> {
  const name = `${job.name}/job.json`;
  const startedAt = new Date().toISOString();
  const identity = JSON.stringify([job.task, job.sources.map(titleOf)]);
  const fresh: JobState = { identity, packageVersion: PACKAGE_VERSION, finished: 0, startedAt };
  if ((await store.create(name, fresh)) !== null) return fresh;
  const stored = await store.read<JobState>(name);
  if (stored === null) return fresh;
  if (stored.value.identity !== identity) {
    throw new InvalidOptionsError([
      `job ${JSON.stringify(job.name)} exists with another task or other sources: choose another name`,
    ]);
  }
  if (stored.value.startedAt !== '') return stored.value;
  const begun = { ...stored.value, startedAt };
  await store.replace(name, { value: begun, etag: stored.etag });
  return begun;
}

function censusOf({ task }: MaintenanceJob, shards: readonly ShardState[], startedAt: string): Census {
  const tally = new Tally(shards.flatMap(({ census }) => census));
  const retire = retiredBy(task);
  const spots = shards.flatMap(({ blindSpots }) => blindSpots);
  const uncounted = [...new Set(spots.filter(({ isBlocking }) => isBlocking).map(({ text }) => text))];
  const finishedAt = new Date().toISOString();
  const isLeaving = 'prefix' in retire || retire.length > 0;
  return {
    ...{ startedAt, finishedAt, entries: tally.entries },
    ...(isLeaving ? { verdict: verdictOn(retire, tally.entries, { finishedAt, uncounted }) } : {}),
    blindSpots: blindSpotsOf([...new Set(spots.map(({ text }) => text))]),
  };
}
