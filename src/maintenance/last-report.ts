import type { ContainerClient } from '@azure/storage-blob';
import type { MaintenanceReport } from './job.js';
import { ContainerStore, nullIfNoContainer } from './state-store.js';

/** The report of the last run of a job that has finished; `null` if none has. */
export async function lastReport(state: ContainerClient, job: string): Promise<MaintenanceReport | null> {
  const store = new ContainerStore(state);
  const stored = await store.read<{ readonly finished: number }>(`${job}/job.json`).catch(nullIfNoContainer);
  const finished = stored?.value.finished ?? 0;
  if (finished === 0) return null;
  return (await store.read<MaintenanceReport>(`${job}/${finished}/report.json`))?.value ?? null;
}
