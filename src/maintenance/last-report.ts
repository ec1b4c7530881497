import type { ContainerClient } from '@azure/storage-blob';
import type { MaintenanceReport } from './job.js';
import { reportName, savedJob } from './job-state.js';
import { ContainerStore } from './state-store.js';

/** The report of the last run of a job that has finished; `null` if none has. */
export async function lastReport(state: ContainerClient, job: string): Promise<MaintenanceReport | null> {
  const store = new ContainerStore(state);
  const { finished = 0 } = (await savedJob(store, job)) ?? {};
  if (finished === 0) return null;
  return (await store.read<MaintenanceReport>(reportName(job, finished)))?.value ?? null;
}
