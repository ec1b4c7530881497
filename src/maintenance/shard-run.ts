/** Works through a shard page by page: takes a step for each object that the task selects, and saves the position after each page. */
import type {
  DeletedObject,
  Maintained,
  MaintainedObject,
  MaintainedPage,
  Step,
} from '../envelope/maintenance/maintained.js';
import { groupsOf } from '../envelope/maintenance/groups.js';
import { isFailure, leftAlone, type ObjectResult, SAME } from '../envelope/maintenance/outcome.js';
import { isChosen, walksEverything } from '../envelope/maintenance/task.js';
import { boundedMap } from '../streams/bounded-map.js';
import { TimeSlice } from '../streams/time-slice.js';
import { type Traceable, traced } from '../tracing/span.js';
import { Tally } from './census.js';
import type { ClaimedShard } from './claimed-shard.js';
import type { Deletion, ObjectFailure } from './events.js';
import { titleOf } from './job.js';
import type { Patience } from './patience.js';
import type { ProgressMeter } from './progress-meter.js';
import { MOST_NAMED, type ShardState, withAttempt } from './shard.js';

interface ShardRunParts {
  readonly source: Maintained;
  readonly shard: ClaimedShard;
  readonly step: Step;
  readonly concurrency: number;
  readonly patience: Patience;
  readonly meter: ProgressMeter;
}

/** What the shard has counted with a page, and the failures of that page. */
interface WalkedPage extends Pick<ShardState, 'seen' | 'outcomes' | 'deletions' | 'census'> {
  readonly failures: readonly ObjectFailure[];
}

export class ShardRun {
  readonly #title: string;

  constructor(private readonly parts: ShardRunParts) {
    this.#title = titleOf(parts.source);
  }

  /** Whether the shard is done; `false` if another process took it over. */
  async run(): Promise<boolean> {
    const { shard, patience } = this.parts;
    shard.startBeating();
    try {
      return await patience.outlast(
        () => this.#walk(),
        () => shard.state.position,
      );
    } catch (error) {
      await shard.release();
      throw error;
    } finally {
      shard.stopBeating();
    }
  }

  /** Starts at the last saved position, so it can be called again after the listing fails. */
  async #walk(): Promise<boolean> {
    const { source, shard, step, patience } = this.parts;
    const { abortSignal, beforeRequest } = step;
    const everything = walksEverything(step.task);
    await this.#countDeleted();
    const { position, from } = shard.state;
    await beforeRequest();
    for await (const page of source.pages({ from: position ?? from, everything, abortSignal, beforeRequest })) {
      patience.throwIfAborted();
      const { objects, isLast } = this.#within(page);
      const counts = await this.#after(objects, await this.#actOnAll(objects));
      const done = isLast || page.next === undefined;
      const next = source.isDivisible && !done ? { position: page.next } : {};
      if (!(await this.#savePage(counts, { ...next, done }))) return false;
      if (done) break;
      await beforeRequest();
    }
    return shard.state.done || shard.save({ done: true, ...this.#remarks() });
  }

  /** Counts what this process or an earlier one deleted after the last page was saved, because no listing shows it any more. */
  async #countDeleted(): Promise<void> {
    const { source, shard, step, concurrency, meter } = this.parts;
    const { seen, outcomes, deletions, deleting = [] } = shard.state;
    const noted = [...new Map(deleting.map((object) => [idOf(object), object])).values()];
    const areGone = await boundedMap(noted, concurrency, async (object) => source.isGone?.(object, step));
    const gone = noted.filter((_object, at) => areGone[at] === true);
    if (gone.length === 0) return;
    const named = gone.map(({ name, copy = '' }): Deletion => ({ source: this.#title, name, copy }));
    await shard.save({
      // earlier notes about the page do not count, because the page is repeated
      attempts: withAttempt(shard.state),
      seen: seen + gone.length,
      outcomes: { ...outcomes, deleted: (outcomes.deleted ?? 0) + gone.length },
      deletions: [...deletions, ...named].slice(0, MOST_NAMED),
      deleting: noted.filter((object) => !gone.includes(object)),
    });
    meter.add(this.#title, { seen: gone.length, done: gone.length, failed: 0 });
  }

  async #savePage({ failures, ...counts }: WalkedPage, end: Pick<ShardState, 'done' | 'position'>): Promise<boolean> {
    const { shard } = this.parts;
    await shard.noteFailures(failures);
    return shard.save({ ...counts, ...end, deleting: [], ...this.#remarks() });
  }

  /** Includes remarks about earlier pages, which another process may have walked. */
  #remarks(): Pick<ShardState, 'blindSpots' | 'warnings'> {
    const { source, shard } = this.parts;
    const { blindSpots, warnings } = shard.state;
    const spots = [...blindSpots, ...(source.blindSpots?.() ?? [])];
    return {
      blindSpots: [...new Map(spots.map((spot) => [spot.text, spot])).values()],
      warnings: [...new Set([...warnings, ...(source.warnings?.() ?? [])])],
    };
  }

  /** The objects of a page that belong to this shard. If pages are cut as they were when it was planned, no mark is needed. */
  #within({ objects, next }: MaintainedPage): {
    readonly objects: readonly MaintainedObject[];
    readonly isLast: boolean;
  } {
    const { until = [], nextFrom } = this.parts.shard.state;
    const marks = new Set(until);
    const end = marks.size === 0 ? -1 : objects.findIndex(({ name }) => marks.has(name));
    if (end >= 0) return { objects: objects.slice(0, end), isLast: true };
    return { objects, isLast: next !== undefined && next === nextFrom };
  }

  async #actOnAll(objects: readonly MaintainedObject[]): Promise<ReadonlyMap<MaintainedObject, ObjectResult>> {
    const { source, step, concurrency, patience, meter, shard } = this.parts;
    const results = new Map<MaintainedObject, ObjectResult>();
    const chosen = objects.filter(
      (object) => isChosen(step.task, object.state) || source.hasBegun?.(object, step.task) === true,
    );
    meter.add(this.#title, { seen: objects.length - chosen.length, done: 0, failed: 0 });
    await boundedMap(groupsOf(chosen, source), concurrency, async (group) => {
      if (shard.isLost) return;
      const found = await patience.outlast(() =>
        traced('Maintenance.step', {}, (traceable: Traceable) => source.act(group, { ...step, ...traceable })),
      );
      for (const [at, object] of group.entries()) results.set(object, found[at] as ObjectResult);
      const failed = found.filter(isFailure).length;
      const done = found.filter(({ outcome }) => outcome === 'done' || outcome === 'deleted').length;
      meter.add(this.#title, { seen: group.length, done, failed });
    });
    return results;
  }

  /** The result of each object. One that is gone and was about to be deleted was deleted: only the answer was lost. */
  #results(results: ReadonlyMap<MaintainedObject, ObjectResult>): (object: MaintainedObject) => ObjectResult {
    const { shard, step } = this.parts;
    const noted = new Set((shard.state.deleting ?? []).map(idOf));
    return (object) => {
      const found = results.get(object) ?? unchosen(object, step);
      return found.outcome === 'gone' && noted.has(idOf(object)) ? { outcome: 'deleted' } : found;
    };
  }

  async #after(
    objects: readonly MaintainedObject[],
    results: ReadonlyMap<MaintainedObject, ObjectResult>,
  ): Promise<WalkedPage> {
    const { shard, step, meter } = this.parts;
    const { state } = shard;
    const outcomes: Record<string, number> = { ...state.outcomes };
    const failures: ObjectFailure[] = [];
    const deletions: Deletion[] = [];
    const tally = new Tally(state.census);
    const resultOf = this.#results(results);
    const slice = new TimeSlice();
    for (const object of objects) {
      while (slice.isSpent) await slice.breathe();
      const result = resultOf(object);
      outcomes[result.outcome] = (outcomes[result.outcome] ?? 0) + 1;
      const { name, copy } = object;
      const which = { source: this.#title, name, copy };
      if (isFailure(result)) failures.push({ ...which, ...result });
      if (result.outcome === 'deleted') deletions.push({ ...which, copy: copy ?? '', isSoft: result.isSoft });
      if (step.task.do === 'census') tally.count(this.#title, object, result.tags);
    }
    for (const failure of failures) meter.report({ kind: 'object', ...failure });
    return {
      seen: state.seen + objects.length,
      outcomes,
      failures,
      deletions: [...state.deletions, ...deletions].slice(0, MOST_NAMED),
      census: tally.entries,
    };
  }
}

const idOf = ({ name, copy, place }: DeletedObject): string => JSON.stringify([place, name, copy]);

/** An object that is neither plaintext nor readable needs attention, whatever the task is; a census counts it. */
function unchosen({ state }: MaintainedObject, { task }: Step): ObjectResult {
  // a search does not find a row in plaintext either
  if (task.do === 'census') return task.tags === true && state.kind === 'plain' ? { ...SAME, tags: 'untagged' } : SAME;
  return leftAlone(state);
}
