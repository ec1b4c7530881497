/** One run of a job: its two passes over the sources, its state, and the report at its end. */
import { censusAfter, hasTags, retiredBy } from '../envelope/maintenance/task.js';
import { InvalidOptionsError } from '../errors/input.js';
import { PACKAGE_VERSION } from '../version.js';
import { blindSpotsOf, type Census, tagCounts, verdictOn } from './census.js';
import { assertJob, type MaintenanceJob, type MaintenanceOptions, type MaintenanceReport, titleOf } from './job.js';
import { MaintenancePass } from './pass.js';
import { ContainerStore, MemoryStore, type StateStore, type StoredDocument } from './state-store.js';
import type { Totals } from './totals.js';

/** The state of a job as a whole. */
interface JobState {
  /** Names of the sources and the task, as JSON. A different job with the same name is rejected. */
  readonly identity: string;
  readonly packageVersion: string;
  /** Runs that have finished. */
  readonly finished: number;
  readonly startedAt: string;
  /** The pass that began last; the first of the run if absent. With it, a status need not list the other pass. */
  readonly pass?: 'work' | 'census';
}

export class MaintenanceRun {
  readonly work: MaintenancePass;
  readonly census: MaintenancePass;
  /** What the job leaves behind, as determined before it began. */
  #warnings: readonly string[] = [];

  private constructor(
    private readonly job: MaintenanceJob,
    private readonly options: MaintenanceOptions,
    private kept: { readonly store: StateStore; readonly state: JobState },
  ) {
    const { sources, task } = job;
    const folder = `${job.name}/${this.number}`;
    const parts = { job: job.name, sources, store: kept.store, options };
    const begins = (kind: 'work' | 'census') => ({ onBegin: () => this.#note(kind) });
    this.work = new MaintenancePass({ ...parts, ...begins('work'), kind: 'work', task, folder: `${folder}/work` });
    this.census = new MaintenancePass({
      ...parts,
      ...begins('census'),
      kind: 'census',
      task: censusAfter(task),
      folder: `${folder}/census`,
    });
  }

  static async open(job: MaintenanceJob, options: MaintenanceOptions): Promise<MaintenanceRun> {
    assertJob(job, options);
    const { state, dryRun = false } = options;
    const store = state === undefined || dryRun ? new MemoryStore() : new ContainerStore(state);
    if (state !== undefined && !dryRun) await state.createIfNotExists();
    return new MaintenanceRun(job, options, { store, state: await jobState(store, job) });
  }

  /** Number of this run, from 1. */
  get number(): number {
    return this.kept.state.finished + 1;
  }

  /** The passes that this job makes, in their order. */
  get passes(): readonly MaintenancePass[] {
    return this.job.task.do === 'census' ? [this.census] : [this.work, this.census];
  }

  /** Records when this run started, unless it has started before. Throws `INVALID_OPTIONS` if it must not change the account. */
  async begin(): Promise<void> {
    this.#warnings = await this.work.precheck();
    const { store, state } = this.kept;
    if (state.startedAt !== '') return;
    const startedAt = new Date().toISOString();
    const name = `${this.job.name}/job.json`;
    const stored = await store.read<JobState>(name);
    this.kept = { store, state: { ...state, startedAt } };
    if (stored?.value.finished !== state.finished || stored.value.startedAt !== '') return;
    await store.replace(name, { value: this.kept.state, etag: stored.etag });
  }

  /** If this fails because another process changes the document, only a status is affected. */
  async #note(pass: 'work' | 'census'): Promise<void> {
    const { store, state } = this.kept;
    const name = `${this.job.name}/job.json`;
    const stored = await store.read<JobState>(name);
    if (stored?.value.finished !== state.finished || (stored.value.pass ?? 'work') === pass) return;
    await store.replace(name, { value: { ...stored.value, pass }, etag: stored.etag });
  }

  async toTheEnd(): Promise<MaintenanceReport> {
    const { task } = this.job;
    await this.begin();
    for (const pass of this.passes) await pass.run(await this.#expected(pass));
    const counted = await this.census.totals();
    const worked = task.do === 'census' ? counted : await this.work.totals();
    const report = {
      ...this.#report(worked),
      warnings: [
        ...new Set([...this.#warnings, ...worked.warnings, ...counted.warnings, ...emptyOnes(this.job, counted)]),
      ],
      census: censusOf(this.job, counted, await this.census.startedAt()),
    };
    await this.#keep(report);
    return report;
  }

  /** The expected number of objects of a pass: that of the last run, or for a first census that of the work. */
  async #expected({ kind }: MaintenancePass): Promise<number | null> {
    const { store, state } = this.kept;
    const last = await store.read<MaintenanceReport>(reportName(this.job.name, state.finished));
    if (kind === 'work') return last?.value.seen ?? null;
    if (last !== null) return last.value.census.entries.reduce((sum, { count }) => sum + count, 0);
    return this.job.task.do === 'census' ? null : this.work.seen();
  }

  #report({ seen, outcomes, failures, deletions }: Totals): Omit<MaintenanceReport, 'warnings' | 'census'> {
    const { job, options } = this;
    return {
      job: job.name,
      task: job.task,
      dryRun: options.dryRun ?? false,
      startedAt: this.kept.state.startedAt,
      finishedAt: new Date().toISOString(),
      seen,
      outcomes,
      failures,
      deletions,
    };
  }

  /** Creates the report, and marks this run of the job as finished, so that the next call starts a new run. */
  async #keep(report: MaintenanceReport): Promise<void> {
    const { store, state } = this.kept;
    const { name } = this.job;
    await store.create(reportName(name, this.number), report);
    const stored = await store.read<JobState>(`${name}/job.json`);
    if (stored?.value.finished !== state.finished) return;
    const finished = state.finished + 1;
    await store.replace(`${name}/job.json`, { value: { ...state, finished, startedAt: '' }, etag: stored.etag });
  }
}

const reportName = (job: string, run: number): string => `${job}/${run}/report.json`;

async function jobState(store: StateStore, job: MaintenanceJob): Promise<JobState> {
  const name = `${job.name}/job.json`;
  const startedAt = new Date().toISOString();
  const accounts = job.sources.map(({ account = '' }) => account);
  const identity = JSON.stringify([job.task, job.sources.map(titleOf), accounts]);
  const fresh: JobState = { identity, packageVersion: PACKAGE_VERSION, finished: 0, startedAt };
  if ((await store.create(name, fresh)) !== null) return fresh;
  const stored = await store.read<JobState>(name);
  if (stored === null) return fresh;
  if (stored.value.identity !== identity) {
    throw new InvalidOptionsError([
      `job ${JSON.stringify(job.name)} exists with another task, other sources or in another account: choose another name`,
    ]);
  }
  return withoutReported(store, name, stored);
}

/**
 * A process that ended after it wrote its report may not have closed the run. Its counts are outdated, so they are not resumed.
 */
async function withoutReported(
  store: StateStore,
  name: string,
  { value, etag }: StoredDocument<JobState>,
): Promise<JobState> {
  const finished = value.finished + 1;
  if ((await store.read(name.replace(/job\.json$/, `${finished}/report.json`))) === null) return value;
  const closed: JobState = { ...value, finished, startedAt: '' };
  if ((await store.replace(name, { value: closed, etag })) !== null) return closed;
  return (await store.read<JobState>(name))?.value ?? closed;
}

/** The wrong account, or a misspelt prefix, looks like a job with nothing to do. Poison queues are usually empty. */
function emptyOnes({ sources }: MaintenanceJob, { census: entries }: Totals): readonly string[] {
  const seen = new Set(entries.map(({ source }) => source));
  const empty = sources.filter((source) => source.kind !== 'poison' && !seen.has(titleOf(source)));
  return empty.map(
    (source) => `nothing was seen in ${titleOf(source)}: unless it is empty, check its name and the account`,
  );
}

function censusOf({ task }: MaintenanceJob, { census: entries, blindSpots: spots }: Totals, startedAt: string): Census {
  const retire = retiredBy(task);
  const uncounted = [...new Set(spots.filter(({ isBlocking }) => isBlocking).map(({ text }) => text))];
  const finishedAt = new Date().toISOString();
  const isLeaving = 'prefix' in retire || retire.length > 0;
  return {
    startedAt,
    finishedAt,
    entries,
    tags: hasTags(task) ? tagCounts(entries) : undefined,
    verdict: isLeaving ? verdictOn(retire, entries, { finishedAt, uncounted }) : undefined,
    blindSpots: blindSpotsOf([...new Set(spots.map(({ text }) => text))]),
    uncounted,
  };
}
