/** Splits the sources of a job into shards. The plan is stored with them, so that planning resumes where it stopped. */
import type { Maintained, WalkOptions } from '../envelope/maintenance/maintained.js';
import { factsOf, newShard, type ShardRange, type ShardState } from './shard.js';
import type { StateStore } from './state-store.js';

export interface PlanState {
  readonly done: boolean;
  /** When the first process started; ISO 8601. */
  readonly startedAt: string;
  readonly source: number;
  readonly from?: string;
  readonly next: number;
}

interface PlannedPass {
  readonly store: StateStore;
  readonly folder: string;
  readonly sources: readonly Maintained[];
  readonly everything: boolean;
  readonly pagesPerShard: number | undefined;
}

/** Names that mark the end of a shard. */
const MARKS = 20;

export const planName = (folder: string): string => `${folder}/plan.json`;
export const shardsFolder = (folder: string): string => `${folder}/shards/`;
const shardName = (folder: string, number: number): string =>
  `${shardsFolder(folder)}${String(number).padStart(7, '0')}.json`;

/**
 * Yields the name of each shard as it is planned; shards from an earlier plan are not repeated.
 *
 * @returns the number of all shards; `null` if another process plans the rest
 */
export async function* planShards(pass: PlannedPass): AsyncGenerator<string, number | null> {
  const { store, folder } = pass;
  const name = planName(folder);
  const first: PlanState = { done: false, startedAt: new Date().toISOString(), source: 0, next: 0 };
  const stored = await store.read<PlanState>(name);
  let etag = stored?.etag ?? (await store.create(name, first));
  let state = stored?.value ?? first;
  while (!state.done && etag !== null) {
    const range = await nextRange(pass, state);
    if (range === null) {
      state = { ...state, done: true };
    } else {
      const shardId = shardName(folder, state.next);
      state = after(state, await storedRange(store, shardId, range));
      yield shardId;
    }
    etag = await store.replace(name, { value: state, etag });
  }
  return state.done && etag !== null ? state.next : null;
}

/**
 * Stores the shard, unless it was planned before, by another process or by one that ended before it saved the plan. Then the
 * earlier range applies: the listing may have been cut elsewhere since, and the next shard must begin where that one ends.
 */
async function storedRange(store: StateStore, shardId: string, range: ShardRange): Promise<ShardRange> {
  const planned = newShard(range);
  if ((await store.create(shardId, planned, factsOf(planned))) !== null) return range;
  return (await store.read<ShardState>(shardId))?.value ?? range;
}

async function nextRange(
  { sources, pagesPerShard, everything }: PlannedPass,
  { source: index, from }: PlanState,
): Promise<ShardRange | null> {
  const source = sources[index];
  if (source === undefined) return null;
  const range = { source: index, from };
  if (pagesPerShard === undefined || !source.isDivisible) return range;
  const cut = await findCut(source, { from, everything }, pagesPerShard);
  return cut === null ? range : { ...range, until: cut.until, nextFrom: cut.from };
}

function after({ startedAt, next }: PlanState, { source, nextFrom }: ShardRange): PlanState {
  const state = { done: false, startedAt, next: next + 1 };
  return nextFrom === undefined ? { ...state, source: source + 1 } : { ...state, source, from: nextFrom };
}

/**
 * Finds the end of a shard: between two pages, after the wanted number of pages, and not between objects of the same name, such as a
 * blob and its snapshots. `null` if the listing ends first.
 */
async function findCut(
  source: Maintained,
  walk: Pick<WalkOptions, 'from' | 'everything'>,
  pages: number,
): Promise<{ readonly from: string; readonly until: readonly string[] } | null> {
  let [count, last, next]: [number, string | undefined, string | undefined] = [0, undefined, undefined];
  for await (const page of source.pages({ ...walk, namesOnly: true })) {
    const [first] = page.objects;
    if (count >= pages && next !== undefined && first !== undefined && first.name !== last) {
      const marks = page.objects.slice(0, MARKS).map(({ name }) => name);
      return { from: next, until: [...new Set(marks)] };
    }
    count += 1;
    last = page.objects.at(-1)?.name ?? last;
    next = page.next;
  }
  return null;
}
