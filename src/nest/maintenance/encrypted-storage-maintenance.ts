import type { OnModuleDestroy } from '@nestjs/common';
import { InvalidOptionsError } from '../../errors/input.js';
import { assertJob, type MaintenanceJob, type MaintenanceReport } from '../../maintenance/job.js';
import { lastReport } from '../../maintenance/last-report.js';
import { runMaintenance } from '../../maintenance/run-maintenance.js';
import { type MaintenanceStatus, maintenanceStatus } from '../../maintenance/status.js';
import { givenName } from '../../option-rules.js';
import { logReport, logStopped, type MaintenanceParts } from './maintenance-parts.js';

/**
 * The maintenance jobs of an application. `EncryptedStorageMaintenanceModule.forWorker` provides it.
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { EncryptedStorageMaintenance, type MaintenanceStatus } from 'nestjs-azure-encrypted-storage';
 *
 * @Injectable()
 * export class Rotation {
 *   constructor(private readonly maintenance: EncryptedStorageMaintenance) {}
 *
 *   begin(): Promise<void> {
 *     return this.maintenance.start('leave-clinic-2025');
 *   }
 *
 *   progress(): Promise<MaintenanceStatus | null> {
 *     return this.maintenance.status('leave-clinic-2025');
 *   }
 * }
 * ```
 */
export class EncryptedStorageMaintenance implements OnModuleDestroy {
  /** Neither logs nor JSON show what is in it: a client would show the account key. */
  readonly #parts: MaintenanceParts;
  readonly #ending = new AbortController();
  /** Jobs that run in this process. */
  readonly #running = new Map<string, Promise<MaintenanceReport>>();

  /** `EncryptedStorageMaintenanceModule` creates it. */
  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  /**
   * Starts a job, or resumes it if a run of it has not finished. Follow it with {@link EncryptedStorageMaintenance.status}.
   *
   * With a queue, this sends one message and returns; the processes that consume the queue do the work. Without a queue, the job runs
   * in this process, and this returns at once; an error of the job is logged.
   *
   * @throws `INVALID_OPTIONS` if the job does not exist, or is not valid
   */
  async start(job: string): Promise<void> {
    const known = this.#jobOf(job);
    if (this.#parts.queued !== null) return this.#parts.queued.start(job);
    assertJob(known, this.#parts.options);
    this.#run(known).catch((error: unknown) => logStopped(job, error));
  }

  /**
   * Runs a job to its end in this process, and returns its report. With a queue, other processes may work on it at the same time.
   *
   * @throws as {@link runMaintenance}; `AbortError` if the application stops
   */
  run(job: string): Promise<MaintenanceReport> {
    return this.#run(this.#jobOf(job));
  }

  /** Does everything except the writes, in this process, and returns the report. */
  dryRun(job: string): Promise<MaintenanceReport> {
    const { state: _state, ...options } = this.#parts.options;
    return runMaintenance(this.#jobOf(job), { ...options, dryRun: true, abortSignal: this.#ending.signal });
  }

  /** Returns the progress of a job in all processes; `null` if it has never run. */
  status(job: string): Promise<MaintenanceStatus | null> {
    return maintenanceStatus(this.#parts.options.state, this.#jobOf(job).name);
  }

  /** Returns the report of the last run that finished; `null` if none has. */
  report(job: string): Promise<MaintenanceReport | null> {
    return lastReport(this.#parts.options.state, this.#jobOf(job).name);
  }

  /** Stops the jobs of this process, which can be resumed. Called by Nest. */
  async onModuleDestroy(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#running.values());
  }

  /** One run of a job at a time: two in one process would only wait for each other. */
  #run(job: MaintenanceJob): Promise<MaintenanceReport> {
    const known = this.#running.get(job.name);
    if (known !== undefined) return known;
    const running = runMaintenance(job, { ...this.#parts.options, abortSignal: this.#ending.signal }).finally(() => {
      this.#running.delete(job.name);
    });
    this.#running.set(job.name, running);
    running.then(logReport).catch(() => undefined);
    return running;
  }

  #jobOf(name: string): MaintenanceJob {
    const job = this.#parts.jobs.find((one) => one.name === name);
    if (job !== undefined) return job;
    throw new InvalidOptionsError([`there is no job ${givenName(name)} among "jobs" of forWorker`]);
  }
}
