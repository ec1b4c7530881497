/** Splits the sources of a job into shards. The plan is stored with them, so that planning resumes where it stopped. */
import type { Maintained, MaintainedObject } from '../envelope/maintenance/maintained.js';
import { factsOf, newShard, type ShardRange } from './shard.js';
import type { StateStore } from './state-store.js';

/** Progress of the plan. */
export interface PlanState {
  readonly done: boolean;
  /** When the first process started; ISO 8601. */
  readonly startedAt: string;
  readonly source: number;
  readonly from?: string;
  /** Number of the next shard. */
  readonly next: number;
}

export interface PlannedPass {
  readonly store: StateStore;
  /** Folder of the pass in the state. */
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

/** Yields the name of each shard as it is planned; shards that an earlier plan made are not repeated. */
export async function* planShards(pass: PlannedPass): AsyncGenerator<string> {
  const { store, folder } = pass;
  const name = planName(folder);
  const first: PlanState = { done: false, startedAt: new Date().toISOString(), source: 0, next: 0 };
  const stored = await store.read<PlanState>(name);
  let etag = stored?.etag ?? (await store.create(name, first));
  let state = stored?.value ?? first;
  while (!state.done && etag !== null) {
    const { shard, after } = await nextShard(pass, state);
    if (shard !== null) {
      const planned = newShard(shard);
      const shardId = shardName(folder, state.next);
      // one that exists was planned before the plan could be saved
      await store.create(shardId, planned, factsOf(planned));
      yield shardId;
    }
    state = after;
    etag = await store.replace(name, { value: state, etag });
  }
}

interface NextShard {
  readonly shard: ShardRange | null;
  readonly after: PlanState;
}

async function nextShard({ sources, pagesPerShard, everything }: PlannedPass, state: PlanState): Promise<NextShard> {
  const source = sources[state.source];
  const next = state.next + 1;
  if (source === undefined) return { shard: null, after: { ...state, done: true } };
  const range = { source: state.source, ...(state.from === undefined ? {} : { from: state.from }) };
  const { startedAt } = state;
  const ofNextSource: PlanState = { done: false, startedAt, source: state.source + 1, next };
  if (pagesPerShard === undefined || !source.isDivisible) return { shard: range, after: ofNextSource };
  const cut = await findCut(source, { from: state.from, everything, pages: pagesPerShard });
  if (cut === null) return { shard: range, after: ofNextSource };
  return {
    shard: { ...range, until: cut.until },
    after: { done: false, startedAt, source: state.source, from: cut.from, next },
  };
}

interface CutSearch {
  readonly from: string | undefined;
  readonly everything: boolean;
  readonly pages: number;
}

/**
 * Finds the end of a shard: between two pages, after the wanted number of pages, and not between objects of the same name, such as a
 * blob and its snapshots. `null` if the listing ends first.
 */
async function findCut(
  source: Maintained,
  { from, everything, pages }: CutSearch,
): Promise<{ readonly from: string; readonly until: readonly string[] } | null> {
  let [count, last, next]: [number, string | undefined, string | undefined] = [0, undefined, undefined];
  for await (const page of source.pages({ from, everything, namesOnly: true })) {
    const [first] = page.objects;
    if (count >= pages && next !== undefined && first !== undefined && first.name !== last) {
      return { from: next, until: marksOf(page.objects) };
    }
    count += 1;
    last = page.objects.at(-1)?.name ?? last;
    next = page.next;
  }
  return null;
}

const marksOf = (objects: readonly MaintainedObject[]): readonly string[] => [
  ...new Set(objects.slice(0, MARKS).map(({ name }) => name)),
];
