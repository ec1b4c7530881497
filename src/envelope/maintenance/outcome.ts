/** The outcome of a maintenance job for an object, and which errors concern only that object. */
import { isEncryptedStorageError } from '../../errors/any-error.js';
import type { StoredState } from './stored-state.js';
import { isChanged, isLeased, isMissing, isResourceMissing, serviceCodeOf, statusOf } from '../../service-errors.js';

/**
 * The outcome for an object.
 *
 * - `done`: it was changed, or would be in a dry run
 * - `same`: the task requires no change
 * - `gone`: it was deleted in the meantime
 * - `deleted`: the job deleted it, or would in a dry run
 * - `conflict`: other writers changed it each time
 * - `leased`: it is leased, and the job does not have the lease id
 * - `immutable`: a legal hold or a retention policy protects it
 * - `archived`: it is in the archive tier
 * - `readOnly`: a snapshot, an old version, or deleted
 * - `tooLarge`: the new encryption data does not fit
 * - `keyMissing`: the key that it needs is unknown, deleted or disabled
 * - `damaged`: it cannot be read
 * - `refused`: any other failure; see `code`
 */
export type ObjectOutcome =
  | 'done'
  | 'same'
  | 'gone'
  | 'deleted'
  | 'conflict'
  | 'leased'
  | 'immutable'
  | 'archived'
  | 'readOnly'
  | 'tooLarge'
  | 'keyMissing'
  | 'damaged'
  | 'refused';

/** Number of objects by outcome. */
export type OutcomeCounts = Readonly<Partial<Record<ObjectOutcome, number>>>;

/** An object that needs attention. */
export interface FailedObject {
  readonly name: string;
  /** The snapshot or version of the blob, if it is not the blob itself. */
  readonly copy?: string;
  readonly outcome: ObjectOutcome;
  /** Error code of this package or of the service. */
  readonly code?: string;
  /** When its immutability policy ends, if it is `immutable` and has its own policy; ISO 8601. A legal hold has no end. */
  readonly until?: string;
}

/** What became of an object. Never with the message of an error, which may contain what is stored. */
export interface ObjectResult extends Pick<FailedObject, 'outcome' | 'code' | 'until'> {
  /** What was wrong with the search tags of a row, if the task looked at them. */
  readonly tags?: TagsState;
  /** Whether what was deleted can still be restored, if the service said so. */
  readonly isSoft?: boolean;
}

/**
 * What is wrong with the search tags of a row; the first that applies.
 *
 * - `untagged`: a value has no tag, so no search finds it
 * - `mismatched`: a tag is not that of the value, or its search key is not given
 * - `outdated`: a tag is of an older search key
 * - `unlisted`: a tag has no entry in the lookup table, so searches do not find the row
 * - `leftover`: an entry of the lookup table whose row does not have the tag
 */
export type TagsState = 'untagged' | 'mismatched' | 'outdated' | 'unlisted' | 'leftover';

export const DONE: ObjectResult = { outcome: 'done' };
export const SAME: ObjectResult = { outcome: 'same' };

/** What was stored does not open to what was written. */
export const READ_BACK_FAILED: ObjectResult = { outcome: 'damaged', code: 'READ_BACK_FAILED' };

/** The blob is encrypted again, but the snapshot of its old content could not be deleted. */
export const SNAPSHOT_LEFT: ObjectResult = { outcome: 'refused', code: 'SNAPSHOT_LEFT' };

/** The result of an object that the task does not select. It needs attention if it is neither plaintext nor readable. */
export function leftAlone({ kind }: StoredState): ObjectResult {
  if (kind === 'damaged') return { outcome: 'damaged', code: 'INVALID_ENCRYPTION_METADATA' };
  return kind === 'unfinished' ? { outcome: 'refused', code: 'UPLOAD_UNFINISHED' } : SAME;
}

/** Ends the step of an object with that result. */
export class ObjectResultError extends Error {
  constructor(
    readonly result: ObjectResult,
    options?: ErrorOptions,
  ) {
    super(`${result.outcome}: ${result.code ?? ''}`, options);
  }
}

/** Whether an object needs attention. */
export const isFailure = ({ outcome }: ObjectResult): boolean => !FINE_OUTCOMES.includes(outcome);

/** Outcomes that leave nothing to do. */
export const FINE_OUTCOMES: readonly string[] = ['done', 'same', 'gone', 'deleted'] satisfies ObjectOutcome[];

const OF_OWN_CODES: Readonly<Record<string, ObjectOutcome>> = {
  KEY_NOT_FOUND: 'keyMissing',
  KEY_DELETED: 'keyMissing',
  KEY_DISABLED: 'keyMissing',
  KEY_MISMATCH: 'keyMissing',
  KEY_UNWRAP_FAILED: 'damaged',
  INVALID_ENCRYPTION_METADATA: 'damaged',
  UNSUPPORTED_PROTOCOL: 'damaged',
  DECRYPTION_FAILED: 'damaged',
  REGION_OUT_OF_ORDER: 'damaged',
  CONTEXT_MISMATCH: 'damaged',
  INTEGRITY_MISSING: 'damaged',
  PAYLOAD_TOO_LARGE: 'tooLarge',
};

/** Errors of this package that concern the whole job: a key that cannot be used now, or that does not wrap. */
const OF_THE_JOB = ['KEY_UNAVAILABLE', 'KEY_ACCESS_DENIED', 'KEY_WRAP_FAILED', 'KEY_MISSING', 'INVALID_OPTIONS'];
const OF_CONNECTIONS = ['INVALID_SERVICE_RESPONSE', 'DOWNLOAD_INTERRUPTED', 'CIPHER_THREAD_FAILED'];

const OF_SERVICE_CODES: Readonly<Record<string, ObjectOutcome>> = {
  BlobImmutableDueToPolicy: 'immutable',
  BlobImmutableDueToLegalHold: 'immutable',
  BlobArchived: 'archived',
  BlobBeingRehydrated: 'archived',
  MetadataTooLarge: 'tooLarge',
  RequestBodyTooLarge: 'tooLarge',
  EntityTooLarge: 'tooLarge',
  PropertyValueTooLarge: 'tooLarge',
};

/** Statuses of responses that concern only one object. */
const OBJECT_STATUSES = [400, 409, 412, 413];

/** The outcome for the object that an error was thrown for; `null` for an error that concerns the whole job, such as a service outage. */
export function resultOf(error: unknown): ObjectResult | null {
  if (error instanceof ObjectResultError) return error.result;
  if (isEncryptedStorageError(error)) {
    const { code } = error;
    if (OF_THE_JOB.includes(code) || OF_CONNECTIONS.includes(code)) return null;
    return { outcome: OF_OWN_CODES[code] ?? 'refused', code };
  }
  if (isResourceMissing(error)) return null;
  if (isMissing(error)) return { outcome: 'gone' };
  return OBJECT_STATUSES.includes(statusOf(error) ?? 0) ? serviceResult(error) : null;
}

/** The same. Throws the error if it concerns the whole job. */
export function ownResult(error: unknown): ObjectResult {
  const result = resultOf(error);
  if (result === null) throw error;
  return result;
}

function serviceResult(error: unknown): ObjectResult {
  const code = serviceCodeOf(error) ?? String(statusOf(error));
  const known = OF_SERVICE_CODES[code];
  if (known !== undefined) return { outcome: known, code };
  if (isLeased(error)) return { outcome: 'leased', code };
  return { outcome: isChanged(error) ? 'conflict' : 'refused', code };
}
