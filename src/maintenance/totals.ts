/** The counts of all shards of a pass, added up one by one, so that memory does not grow with their number. */
import type { BlindSpot } from '../envelope/maintenance/maintained.js';
import type { OutcomeCounts } from '../envelope/maintenance/outcome.js';
import { type CensusEntry, Tally } from './census.js';
import type { Deletion, ObjectFailure } from './events.js';
import { MOST_NAMED, type ShardState } from './shard.js';

export class Totals {
  #seen = 0;
  readonly #outcomes: Record<string, number> = {};
  readonly #failures: ObjectFailure[] = [];
  readonly #deletions: Deletion[] = [];
  readonly #tally = new Tally();
  readonly #warnings = new Set<string>();
  readonly #blindSpots = new Map<string, BlindSpot>();

  add({ seen, outcomes, deletions, census, warnings, blindSpots }: ShardState): void {
    this.#seen += seen;
    for (const [outcome, count] of Object.entries(outcomes)) {
      this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + count;
    }
    this.#deletions.push(...deletions.slice(0, MOST_NAMED - this.#deletions.length));
    this.#tally.addAll(census);
    for (const text of warnings) this.#warnings.add(text);
    for (const spot of blindSpots) this.#blindSpots.set(JSON.stringify(spot), spot);
  }

  /** Keeps as many as a report names. */
  async addFailures(failures: AsyncIterable<ObjectFailure>): Promise<void> {
    for await (const failure of failures) {
      this.#failures.push(failure);
      if (this.#failures.length === MOST_NAMED) return;
    }
  }

  get seen(): number {
    return this.#seen;
  }

  get outcomes(): OutcomeCounts {
    return this.#outcomes;
  }

  /** The first of them. */
  get failures(): readonly ObjectFailure[] {
    return this.#failures;
  }

  /** The first of them. */
  get deletions(): readonly Deletion[] {
    return this.#deletions;
  }

  get census(): readonly CensusEntry[] {
    return this.#tally.entries;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  get blindSpots(): readonly BlindSpot[] {
    return [...this.#blindSpots.values()];
  }
}
