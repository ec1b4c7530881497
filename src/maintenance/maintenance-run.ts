/** One run of a job: its two passes over the sources, its state, and the report at its end. */
import { censusAfter, hasTags, type MaintenanceTask, retiredBy } from '../envelope/maintenance/task.js';
import { type Census, tagCounts, UNSEEN, verdictOn } from './census.js';
import { assertJob, type MaintenanceJob, type MaintenanceOptions, type MaintenanceReport, titleOf } from './job.js';
import { changeJob, closedRun, type JobState, openedJob, reportName } from './job-state.js';
import { MaintenancePass } from './pass.js';
import { ContainerStore, MemoryStore, type StateStore } from './state-store.js';
import type { Totals } from './totals.js';

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
    const passOf = (kind: 'work' | 'census', itsTask: MaintenanceTask) =>
      new MaintenancePass({
        ...{ job: job.name, sources, store: kept.store, options, kind, task: itsTask },
        folder: `${job.name}/${this.number}/${kind}`,
        onBegin: () => this.#change((saved) => ((saved.pass ?? 'work') === kind ? null : { ...saved, pass: kind })),
      });
    this.work = passOf('work', task);
    this.census = passOf('census', censusAfter(task));
  }

  static async open(job: MaintenanceJob, options: MaintenanceOptions): Promise<MaintenanceRun> {
    assertJob(job, options);
    const { state, dryRun = false } = options;
    const store = state === undefined || dryRun ? new MemoryStore() : new ContainerStore(state);
    if (state !== undefined && !dryRun) await state.createIfNotExists();
    return new MaintenanceRun(job, options, { store, state: await openedJob(store, job) });
  }

  /** Number of this run, from 1. */
  get number(): number {
    return this.kept.state.finished + 1;
  }

  get passes(): readonly MaintenancePass[] {
    return this.job.task.do === 'census' ? [this.census] : [this.work, this.census];
  }

  /** Records when this run started, unless it has started before. Throws `INVALID_OPTIONS` if it must not change the account. */
  async begin(): Promise<void> {
    this.#warnings = await this.work.precheck();
    const { store, state } = this.kept;
    if (state.startedAt !== '') return;
    const started = { ...state, startedAt: new Date().toISOString() };
    this.kept = { store, state: started };
    await this.#change((saved) => (saved.startedAt === '' ? started : null));
  }

  /** If another process changes the document at the same time, only a status is affected. */
  #change(change: (saved: JobState) => JobState | null): Promise<void> {
    const { store, state } = this.kept;
    return changeJob({ store, job: this.job.name, finished: state.finished }, change);
  }

  /** Writes the report, and closes this run. */
  async toTheEnd(): Promise<MaintenanceReport> {
    const { name, task } = this.job;
    await this.begin();
    for (const pass of this.passes) await pass.run(await this.#expected(pass));
    const counted = await this.census.totals();
    const worked = task.do === 'census' ? counted : await this.work.totals();
    const report = this.#report(worked, counted, await this.census.startedAt());
    const { store, state } = this.kept;
    await store.create(reportName(name, this.number), report);
    await this.#change(() => closedRun(state));
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

  #report(worked: Totals, counted: Totals, countedFrom: string): MaintenanceReport {
    const { job, options } = this;
    const { seen, outcomes, failures, deletions } = worked;
    const warnings = [...this.#warnings, ...worked.warnings, ...counted.warnings, ...emptyOnes(job, counted)];
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
      warnings: [...new Set(warnings)],
      census: censusOf(job, counted, countedFrom),
    };
  }
}

/** The wrong account, or a misspelt prefix, looks like a job with nothing to do. Poison queues are usually empty. */
function emptyOnes({ sources }: MaintenanceJob, { tally }: Totals): readonly string[] {
  const seen = new Set(tally.entries.map(({ source }) => source));
  const empty = sources.filter((source) => source.kind !== 'poison' && !seen.has(titleOf(source)));
  return empty.map(
    (source) => `nothing was seen in ${titleOf(source)}: unless it is empty, check its name and the account`,
  );
}

function censusOf({ task }: MaintenanceJob, { tally, blindSpots, ...totals }: Totals, startedAt: string): Census {
  const { entries } = tally;
  const retire = retiredBy(task);
  const uncounted = [...totals.uncounted];
  const finishedAt = new Date().toISOString();
  const isLeaving = 'prefix' in retire || retire.length > 0;
  return {
    startedAt,
    finishedAt,
    entries,
    tags: hasTags(task) ? tagCounts(entries) : undefined,
    verdict: isLeaving ? verdictOn(retire, entries, { finishedAt, uncounted }) : undefined,
    blindSpots: [...blindSpots, ...UNSEEN],
    uncounted,
  };
}
