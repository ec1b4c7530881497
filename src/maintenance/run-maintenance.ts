/** Runs jobs: the task, then a census, then the report. */
import { InvalidOptionsError } from '../errors/input.js';
import type { MaintenanceJob, MaintenanceOptions, MaintenanceReport } from './job.js';
import { MaintenanceRun } from './maintenance-run.js';

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
  await run.begin();
  yield* run.work.plan();
}

/**
 * Runs one shard of a job. A shard may be interrupted, repeated, and run by two processes at once.
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

/** Throws `INVALID_OPTIONS` unless processes can share the job. */
export function assertShared({ state, dryRun = false }: MaintenanceOptions): void {
  if (state !== undefined && !dryRun) return;
  throw new InvalidOptionsError(['"state" must be given, without "dryRun": shards are shared through it']);
}
