/** The counts of all shards of a pass, added up one by one, so that memory does not grow with their number. */
import { Tally } from './census.js';
import type { Deletion, ObjectFailure } from './events.js';
import { MOST_NAMED, type ShardState } from './shard.js';

export class Totals {
  seen = 0;
  readonly outcomes: Record<string, number> = {};
  /** As many as a report names, as are the deletions. */
  readonly failures: ObjectFailure[] = [];
  readonly deletions: Deletion[] = [];
  readonly tally = new Tally();
  readonly warnings = new Set<string>();
  readonly blindSpots = new Set<string>();
  /** The blind spots that are likely to have objects. */
  readonly uncounted = new Set<string>();

  add({ seen, outcomes, deletions, census, warnings, blindSpots }: ShardState): void {
    this.seen += seen;
    for (const [outcome, count] of Object.entries(outcomes)) {
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + count;
    }
    this.deletions.push(...deletions.slice(0, MOST_NAMED - this.deletions.length));
    this.tally.addAll(census);
    for (const text of warnings) this.warnings.add(text);
    for (const { text, isBlocking } of blindSpots) {
      this.blindSpots.add(text);
      if (isBlocking) this.uncounted.add(text);
    }
  }

  async addFailures(failures: AsyncIterable<ObjectFailure>): Promise<void> {
    for await (const failure of failures) {
      this.failures.push(failure);
      if (this.failures.length === MOST_NAMED) return;
    }
  }
}
