/** The document of a job in its state, `<job>/job.json`. Each run has a folder next to it, with its report once it has finished. */
import { InvalidOptionsError } from '../errors/input.js';
import { isResourceMissing } from '../service-errors.js';
import { PACKAGE_VERSION } from '../version.js';
import type { MaintenanceSource } from '../envelope/maintenance/maintained.js';
import { type MaintenanceJob, titleOf } from './job.js';
import type { StateStore, StoredDocument } from './state-store.js';

export interface JobState {
  /** Names of the sources and the task, as JSON. A different job with the same name is rejected. */
  readonly identity: string;
  readonly packageVersion: string;
  /** Runs that have finished. */
  readonly finished: number;
  /** Empty if no run is in progress. */
  readonly startedAt: string;
  /** The pass that began last; the first of the run if absent. With it, a status need not list the other pass. */
  readonly pass?: 'work' | 'census';
}

const documentName = (job: string): string => `${job}/job.json`;
export const reportName = (job: string, run: number): string => `${job}/${run}/report.json`;

/** `null` for a job that has never run. */
export async function savedJob(store: StateStore, job: string): Promise<JobState | null> {
  try {
    return (await store.read<JobState>(documentName(job)))?.value ?? null;
  } catch (error) {
    if (isResourceMissing(error)) return null;
    throw error;
  }
}

/** Throws `INVALID_OPTIONS` for another job of that name. */
export async function openedJob(store: StateStore, { name: job, task, sources }: MaintenanceJob): Promise<JobState> {
  const name = documentName(job);
  const startedAt = new Date().toISOString();
  const accounts = sources.map(({ account = '' }) => account);
  const identity = JSON.stringify([task, sources.map(identityOf), accounts]);
  const fresh: JobState = { identity, packageVersion: PACKAGE_VERSION, finished: 0, startedAt };
  if ((await store.create(name, fresh)) !== null) return fresh;
  const stored = await store.read<JobState>(name);
  if (stored === null) return fresh;
  if (stored.value.identity !== identity) {
    throw new InvalidOptionsError([
      `job ${JSON.stringify(job)} exists with another task, other sources or in another account: choose another name`,
    ]);
  }
  return withoutReported(store, job, stored);
}

/**
 * A process that ended after it wrote its report may not have closed the run. Its counts are outdated, so they are not resumed.
 */
async function withoutReported(
  store: StateStore,
  job: string,
  { value, etag }: StoredDocument<JobState>,
): Promise<JobState> {
  if ((await store.read(reportName(job, value.finished + 1))) === null) return value;
  const closed = closedRun(value);
  if ((await store.replace(documentName(job), { value: closed, etag })) !== null) return closed;
  return (await store.read<JobState>(documentName(job)))?.value ?? closed;
}

/** The next call starts a new run. */
export const closedRun = (state: JobState): JobState => ({ ...state, finished: state.finished + 1, startedAt: '' });

/**
 * Changes the document, unless that run is over, `change` returns `null`, or another process is faster.
 */
export async function changeJob(
  { store, job, finished }: { readonly store: StateStore; readonly job: string; readonly finished: number },
  change: (saved: JobState) => JobState | null,
): Promise<void> {
  const saved = await store.read<JobState>(documentName(job));
  const value = saved?.value.finished === finished ? change(saved.value) : null;
  if (saved !== null && value !== null) await store.replace(documentName(job), { value, etag: saved.etag });
}

/** The title, and whatever else makes a job over the source another job. */
const identityOf = (source: MaintenanceSource): string | readonly string[] =>
  source.variant === undefined ? titleOf(source) : [titleOf(source), source.variant];
