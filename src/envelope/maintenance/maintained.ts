/** How the maintenance engine uses blobs, rows and poison messages: pages of objects in a fixed order, and steps that change them. */
import type { AbortSignalLike } from '@azure/abort-controller';
import type { Traceable } from '../../tracing/span.js';
import type { ObjectResult } from './outcome.js';
import type { KeyPace } from './paced-keys.js';
import type { StoredState } from './stored-state.js';
import type { MaintenanceTask } from './task.js';

/**
 * Where an object is. Snapshots, versions and deleted blobs cannot be changed, but can be restored.
 */
export type ObjectPlace = 'current' | 'snapshot' | 'version' | 'deleted' | 'row' | 'poison';

export interface MaintainedObject {
  /** For reports. Names may be personal data, so keep reports where the objects are. */
  readonly name: string;
  /** The id of the snapshot or old version, if it is one. */
  readonly copy?: string | undefined;
  readonly place: ObjectPlace;
  readonly state: StoredState;
  /** Whether it is a page blob, which is always in protocol 1.0. */
  readonly isOfPages?: true | undefined;
  /** When a deleted object is removed permanently, if known. */
  readonly goneOn?: Date;
}

/** Where a deleted object was. */
export type DeletedObject = Pick<MaintainedObject, 'name' | 'copy' | 'place'>;

export interface MaintainedPage<Found extends MaintainedObject = MaintainedObject> {
  readonly objects: readonly Found[];
  /** Where the next page begins; absent for the last one. */
  readonly next?: string;
}

/** What one step changes. */
export type StepGroup<Found extends MaintainedObject = MaintainedObject> = readonly [Found, ...Found[]];

export interface WalkOptions {
  /** Where to begin, from an earlier page. */
  readonly from?: string | undefined;
  /** Includes objects that cannot be changed: snapshots, versions, deleted blobs. */
  readonly everything: boolean;
  readonly namesOnly?: boolean;
  /** Waits until another request to storage may be sent, if a page takes more requests than its listing. */
  readonly beforeRequest?: () => Promise<void>;
  readonly abortSignal?: AbortSignalLike | undefined;
}

/** Context of a step, and its span. */
export interface Step extends Traceable {
  readonly task: MaintenanceTask;
  /** Does everything except the writes. */
  readonly dryRun: boolean;
  /** Waits until another request to storage may be sent. */
  readonly beforeRequest: () => Promise<void>;
  /**
   * Notes in the state of the job that an object is about to be deleted. `false` if it must not be, because another process has taken
   * over. Its errors concern the job.
   */
  readonly beforeDelete?: (object: MaintainedObject) => Promise<boolean>;
  /** The rate of calls to keys outside this process; unlimited without it. */
  readonly keyPace?: KeyPace;
  readonly abortSignal?: AbortSignalLike | undefined;
}

export type CallOptions = Pick<Step, 'abortSignal' | 'tracingOptions'>;

/** The options of its requests, and of its calls to keys. */
export const callOptions = ({ abortSignal, tracingOptions }: Step): CallOptions => ({ abortSignal, tracingOptions });

/**
 * A source of objects to maintain: the blobs of a container, the rows of a table, or the messages of a poison queue. An inventory of
 * blobs can only be counted.
 */
export interface Maintained<Found extends MaintainedObject = MaintainedObject> {
  readonly kind: 'blobs' | 'rows' | 'poison' | 'inventory';
  /** Name of the container, table or queue, or rule and time of the inventory. */
  readonly name: string;
  /** Name of the storage account, if known: no job takes what was done in another account for its own progress. */
  readonly account?: string | undefined;
  /** What else makes a job over it another job, such as which properties it encrypts. @internal */
  readonly variant?: string | undefined;
  /** Whether a walk can begin in the middle, so that it can be split into shards. @internal */
  readonly isDivisible: boolean;
  /** Lists the objects. @internal */
  pages(options: WalkOptions): AsyncIterable<MaintainedPage<Found>>;
  /** The task as it applies to these objects: entities, for example, are always in protocol 1.0. @internal */
  taskFor(task: MaintenanceTask): MaintenanceTask;
  /** Whether the process ended while an earlier step was changing the object. A step then finishes it, whatever its state. @internal */
  hasBegun?(object: Found, task: MaintenanceTask): boolean;
  /** What the account does with objects that the task changes, as far as it can be known beforehand. @internal */
  precheck?(task: MaintenanceTask): Promise<Precheck>;
  /** Whether an object may be in the same step as those before it. Without this, each has its own. @internal */
  belongsTo?(group: StepGroup<Found>, object: Found): boolean;
  /**
   * Changes objects that the task selected, each under the ETag of its listing.
   *
   * @returns a result for each object
   * @throws errors that do not concern a single object: services and keys that cannot be reached, a key that does not wrap. Nothing is
   * lost, and the step can be repeated
   * @internal
   */
  act(group: StepGroup<Found>, step: Step): Promise<readonly ObjectResult[]>;
  /** Whether an object that a step was about to delete no longer exists. Only for sources whose steps delete. @internal */
  isGone?(deleted: DeletedObject, step: Step): Promise<boolean>;
  /** What the last walk could not show. @internal */
  blindSpots?(): readonly BlindSpot[];
  /** Warnings for a job from the last walk: one sentence each. @internal */
  warnings?(): readonly string[];
}

/**
 * Blobs, rows or poison messages, as returned by `forMaintenance()` of a container, table or queue client; or an inventory, as returned
 * by {@link openBlobInventory}.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declarations of applications need a name without a type parameter
export interface MaintenanceSource extends Maintained {}

/** What a job leaves behind, found before it changes anything: one sentence each. */
export interface Precheck {
  readonly warnings: readonly string[];
  /** Reasons not to begin. A dry run warns about them. */
  readonly refusals: readonly string[];
}

/** What a walk could not show. */
export interface BlindSpot {
  readonly text: string;
  /** Whether objects are likely to be there, so that no key may be destroyed. */
  readonly isBlocking: boolean;
}
