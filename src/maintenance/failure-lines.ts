/**
 * All failed objects of a job by name, as lines of JSON in its state: a document for each page that had some, named after the shard and
 * the number of objects before it. A page that is done again replaces its document.
 */
import type { ContainerClient } from '@azure/storage-blob';
import type { ObjectFailure } from './events.js';
import { ContainerStore, nullIfNoContainer } from './state-store.js';

const failuresFolder = (passFolder: string): string => `${passFolder}/failures/`;

/** How the names of all documents of a shard begin. */
export function failuresPrefix(shard: string): string {
  const [, folder = '', number = ''] = /^(.*)\/shards\/(\d+)\.json$/.exec(shard) ?? [];
  return `${failuresFolder(folder)}${number}-`;
}

/** The name of the document for a page of a shard, such as `leave-2025/1/work/failures/0000003-000000005000.ndjson`. */
export const failuresName = (shard: string, seen: number): string =>
  `${failuresPrefix(shard)}${String(seen).padStart(12, '0')}.ndjson`;

export const failureLines = (failures: readonly ObjectFailure[]): string =>
  failures.map((failure) => `${JSON.stringify(failure)}\n`).join('');

/**
 * Yields every object that needs attention, of the run that is in progress or else of the last one; a report names only the first
 * 1,000. The order is that of the shards. After an interruption an object may come twice.
 *
 * @param state - the container of the job's state
 * @throws `INVALID_OPTIONS` if a document of the state is damaged
 *
 * @example
 * ```ts
 * import type { ContainerClient } from '@azure/storage-blob';
 * import { maintenanceFailures } from 'nestjs-azure-encrypted-storage';
 *
 * export async function leased(state: ContainerClient): Promise<string[]> {
 *   const names: string[] = [];
 *   for await (const { name, outcome } of maintenanceFailures(state, 'leave-clinic-2025')) {
 *     if (outcome === 'leased') names.push(name);
 *   }
 *   return names;
 * }
 * ```
 */
export async function* maintenanceFailures(state: ContainerClient, job: string): AsyncGenerator<ObjectFailure> {
  const store = new ContainerStore(state);
  const stored = await store.read<JobRuns>(`${job}/job.json`).catch(nullIfNoContainer);
  if (stored === null) return;
  const { finished, startedAt } = stored.value;
  const run = `${job}/${startedAt === '' ? finished : finished + 1}`;
  const isWork = (await store.read(`${run}/work/plan.json`)) !== null;
  const folder = failuresFolder(`${run}/${isWork ? 'work' : 'census'}`);
  for (const { name } of await store.list(folder)) yield* await store.readLines<ObjectFailure>(name);
}

interface JobRuns {
  readonly finished: number;
  /** Empty if no run is in progress. */
  readonly startedAt: string;
}
