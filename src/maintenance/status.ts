import type { ContainerClient } from '@azure/storage-blob';
import { savedJob } from './job-state.js';
import { shardsFolder } from './plan.js';
import { ContainerStore, type DocumentFacts } from './state-store.js';

/** Progress of a job, as its processes saved it. */
export interface MaintenanceStatus {
  readonly job: string;
  /** Runs that have finished. */
  readonly finishedRuns: number;
  /** Planned and finished shards of the current run; `null` if no run is in progress. */
  readonly running: {
    readonly pass: 'work' | 'census';
    readonly shards: number;
    readonly shardsDone: number;
    readonly seen: number;
    readonly done: number;
    readonly failed: number;
  } | null;
}

/**
 * Returns the progress of a job. It needs only the container of the job's state, one request, and one more for each 5,000
 * shards.
 *
 * @returns `null` for a job that has never run
 */
export async function maintenanceStatus(state: ContainerClient, job: string): Promise<MaintenanceStatus | null> {
  const store = new ContainerStore(state);
  const saved = await savedJob(store, job);
  if (saved === null) return null;
  const { finished, pass = 'work' } = saved;
  const shards: DocumentFacts[] = [];
  for await (const { facts } of store.list(shardsFolder(`${job}/${finished + 1}/${pass}`))) shards.push(facts);
  const sum = (name: string): number => shards.reduce((total, facts) => total + Number(facts[name] ?? 0), 0);
  const running = {
    pass,
    shards: shards.length,
    shardsDone: shards.filter((facts) => facts['finished'] === 'true').length,
    seen: sum('seen'),
    done: sum('acted'),
    failed: sum('failed'),
  };
  return { job, finishedRuns: finished, running: shards.length === 0 ? null : running };
}
