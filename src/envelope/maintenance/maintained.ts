/** How the engine of maintenance sees blobs, rows and poison messages: pages of objects in a fixed order, and a step for some of them. */
import type { AbortSignalLike } from '@azure/abort-controller';
import type { ObjectResult } from './outcome.js';
import type { StoredState } from './stored-state.js';
import type { MaintenanceTask } from './task.js';

/**
 * Where an object is. Snapshots, versions and deleted blobs cannot be changed, but can become readable content again.
 */
export type ObjectPlace = 'current' | 'snapshot' | 'version' | 'deleted' | 'row' | 'poison';

export interface MaintainedObject {
  /** For reports. Stored names may be personal: reports are kept where the objects are. */
  readonly name: string;
  readonly place: ObjectPlace;
  readonly state: StoredState;
  /** When a deleted object is gone for good, where that is known. */
  readonly goneOn?: Date;
}

export interface MaintainedPage<Found extends MaintainedObject = MaintainedObject> {
  readonly objects: readonly Found[];
  /** Where the next page begins; absent for the last one. */
  readonly next?: string;
}

/** What a walk asks for. */
export interface WalkOptions {
  /** Where to begin, as a page before said. */
  readonly from?: string | undefined;
  /** Also what cannot be changed: snapshots, versions, deleted blobs. */
  readonly everything: boolean;
  /** Names alone are wanted. */
  readonly namesOnly?: boolean;
  readonly abortSignal?: AbortSignalLike | undefined;
}

/** What a step may do, and through what its requests pass. */
export interface Step {
  readonly task: MaintenanceTask;
  /** Everything but the writes. */
  readonly dryRun: boolean;
  /** Waits until another request to storage may be sent. */
  readonly beforeRequest: () => Promise<void>;
  readonly abortSignal?: AbortSignalLike | undefined;
}

/** Something whose objects are maintained: blobs of a container, rows of a table, messages of a poison queue. */
export interface Maintained<Found extends MaintainedObject = MaintainedObject> {
  readonly kind: 'blobs' | 'rows' | 'poison';
  /** Name of the container, table or queue. */
  readonly name: string;
  /** Whether a walk can begin in the middle: then it is cut into shards. */
  readonly isDivisible: boolean;
  /** Objects that one step takes at most. */
  readonly stepSize: number;
  pages(options: WalkOptions): AsyncIterable<MaintainedPage<Found>>;
  /** The task as it makes sense for these objects: entities are always in protocol 1.0. */
  taskFor(task: MaintenanceTask): MaintenanceTask;
  /** Whether two objects may go into the same step. */
  belongTogether(one: Found, other: Found): boolean;
  /**
   * Acts on objects that the task chose, each under the ETag of its listing.
   *
   * @returns a result for each
   * @throws what is not an object's own: services and keys that cannot be reached, a key that does not wrap. Nothing is lost then: the
   * step can be taken again
   */
  act(objects: readonly Found[], step: Step): Promise<readonly ObjectResult[]>;
  /** What the last walk could not show. */
  blindSpots(): readonly BlindSpot[];
}

/** What a walk could not show. */
export interface BlindSpot {
  readonly text: string;
  /** Whether objects may well be there: then no key may be destroyed. */
  readonly isBlocking: boolean;
}
