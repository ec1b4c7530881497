/** The parts of the maintenance of an application: its jobs, where their state is, and the queue if processes share them. */
import { Logger } from '@nestjs/common';
import type { EncryptedBlobService } from '../../blob/encrypted-blob.service.js';
import { printable, quoted } from '../../encoding/printable.js';
import { InvalidOptionsError } from '../../errors/input.js';
import {
  isMaintenanceClean,
  type MaintenanceJob,
  type MaintenanceOptions,
  type MaintenanceReport,
} from '../../maintenance/job.js';
import { QueuedJobs } from '../../maintenance/queued/queued-jobs.js';
import { STATE_CONTAINER } from '../../maintenance/state-store.js';
import type { EncryptedQueueClient } from '../../queue/encrypted-queue-client.js';
import type { MaintenanceSettings } from './maintenance.options.js';

/** A claim ends before the message of a process that died is visible again, so the next one finds the shard free. */
const SHARED = { pagesPerShard: 4, claimSeconds: 15 };
/** Time to live of a message: a job may take longer than the service's default of seven days. */
const NEVER = -1;

export interface MaintenanceParts {
  readonly jobs: readonly MaintenanceJob[];
  readonly options: MaintenanceOptions & Required<Pick<MaintenanceOptions, 'state'>>;
  /** `null` without a queue. */
  readonly queued: QueuedJobs | null;
}

export function maintenanceParts(
  { jobs, options = {} }: MaintenanceSettings,
  blobs: EncryptedBlobService,
  queue: EncryptedQueueClient | null,
): MaintenanceParts {
  const state = options.state ?? blobs.unencryptedServiceClient.getContainerClient(STATE_CONTAINER);
  if (queue === null) return { jobs, options: { ...options, state }, queued: null };
  const shared = { ...SHARED, ...options, state };
  const queued = new QueuedJobs({
    jobs,
    options: shared,
    onReport: logReport,
    send: async (message) => {
      await queue.sendMessage(JSON.stringify(message), { messageTimeToLive: NEVER });
    },
  });
  return { jobs, options: shared, queued };
}

const logger = new Logger('EncryptedStorageMaintenance');

export function logReport(report: MaintenanceReport): void {
  const { job, seen, outcomes } = report;
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  const text = `Job ${quoted(job)} has finished: ${[`${seen} seen`, ...counts].join(', ')}`;
  if (isMaintenanceClean(report)) logger.log(text);
  else logger.warn(`${text}; something is left, see the report`);
}

/**
 * Logs no text of the error, because it may name what is stored. Only wrong options are explained, since no new start helps: their
 * faults name options, containers and tables.
 */
export function logStopped(job: string, error: unknown): void {
  const { name, code } = error as Error & { readonly code?: unknown };
  if (name === 'AbortError') return;
  if (error instanceof InvalidOptionsError) {
    logger.error(`Job ${quoted(job)} has stopped: ${error.faults.map((fault) => printable(fault)).join('; ')}`);
    return;
  }
  const words = [name, typeof code === 'string' ? code : ''].join(' ').trim();
  logger.error(`Job ${quoted(job)} has stopped, and can be started again: ${printable(words)}`);
}
