/**
 * The objects of a job that need attention, by name, as lines of JSON in its state: a document for each page that had some, such as
 *
 *     leave-2025/1/work/failures/0000003-00001-000000005000.ndjson       shard, attempt, number of objects of the shard before the page
 *
 * A process writes the document before it saves the page. It counts once that attempt has saved the page: the notes of a process
 * that was killed, or that lost its shard to another, do not count.
 */
import type { ContainerClient } from '@azure/storage-blob';
import type { ObjectFailure } from './events.js';
import { savedJob } from './job-state.js';
import { attemptAt, type ShardState } from './shard.js';
import { ContainerStore, type StateStore } from './state-store.js';

interface NotedPage {
  readonly shard: string;
  readonly attempt: number;
  readonly before: number;
}

export function failuresName({ shard, attempt, before }: NotedPage): string {
  const page = `${String(attempt).padStart(5, '0')}-${String(before).padStart(12, '0')}`;
  return shard.replace(/\/shards\/(\d+)\.json$/, `/failures/$1-${page}.ndjson`);
}

/** The page of a document; `null` for others. An earlier version had no numbers of attempts. */
function notedPage(name: string): NotedPage | null {
  const parts = /^(.*)\/failures\/(\d{7,})-(?:(\d{5,})-)?(\d{12})\.ndjson$/.exec(name);
  if (parts === null) return null;
  const [, folder, shard, attempt = '0', before] = parts;
  return { shard: `${folder}/shards/${shard}.json`, attempt: Number(attempt), before: Number(before) };
}

export const failureLines = (failures: readonly ObjectFailure[]): string =>
  failures.map((failure) => `${JSON.stringify(failure)}\n`).join('');

/** The objects of a pass that need attention, in the order of its shards. */
export async function* notedFailures(store: StateStore, folder: string): AsyncGenerator<ObjectFailure> {
  let [shard, state]: [name: string, state: ShardState | undefined] = ['', undefined];
  for await (const { name } of store.list(`${folder}/failures/`)) {
    const page = notedPage(name);
    if (page === null) continue;
    if (shard !== page.shard) [shard, state] = [page.shard, (await store.read<ShardState>(page.shard))?.value];
    const isSaved = state !== undefined && attemptAt(state, page.before) === page.attempt;
    if (isSaved) yield* await store.readLines<ObjectFailure>(name);
  }
}

/**
 * Yields every object that needs attention, of the run that is in progress or else of the last one; a report names only the first
 * 1,000. The order is that of the shards. An object at the border of two shards may be yielded twice.
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
  const saved = await savedJob(store, job);
  if (saved === null) return;
  const { finished, startedAt } = saved;
  const run = `${job}/${startedAt === '' ? finished : finished + 1}`;
  const isWork = (await store.read(`${run}/work/plan.json`)) !== null;
  yield* notedFailures(store, `${run}/${isWork ? 'work' : 'census'}`);
}
