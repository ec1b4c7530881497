/** What a maintenance job does, and to which objects. It depends only on the stored state of an object, so a job can be repeated. */
import { isAmong, type KeyIds } from './key-ids.js';
import type { StoredState } from './stored-state.js';

/** Selects the objects to encrypt again, or to delete: those that match any of these members. */
export interface ReencryptChoice {
  /** Objects under these keys. */
  readonly keyIds?: KeyIds;
  /** Objects without encryption data. */
  readonly plaintext?: boolean;
  /**
   * Blobs in a foreign format, which `foreign` of `forMaintenance` reads. Blobs that it does not read are not changed, unless
   * `plaintext` selects them. Rows and messages have no foreign formats.
   */
  readonly foreign?: boolean;
  /** Objects in these protocol versions, such as `['1.0']`. */
  readonly protocols?: readonly string[];
  /** Encrypted objects without integrity entries. */
  readonly withoutIntegrity?: boolean;
}

/**
 * What a rewrap checks before it stores anything.
 *
 * - `wrap`, the default: what the new key wrapped is unwrapped again and compared
 * - `content`: the stored content opens with it too: the first region of a blob in 2.x, all of a blob in 1.0, a row, a message. This costs
 *   a read of each blob and row, and another unwrap
 */
export type RewrapVerification = (typeof REWRAP_VERIFICATIONS)[number];
export const REWRAP_VERIFICATIONS = ['wrap', 'content'] as const;

/**
 * How a re-encryption is checked.
 *
 * - `seal`, the default: before the commit, what was sealed is opened again in this process and compared with what was read
 * - `readBack`: after the commit, it is also read from the service again. If it differs, the object is reported as `damaged` with
 *   `READ_BACK_FAILED`. Messages of poison queues are not read back, because they can only be received
 * - `snapshot`: as `readBack`, with a snapshot of the old blob that is taken just before the commit, and deleted once the new content has
 *   been read back. Rows have no snapshots: they are read back
 */
export type ReencryptVerification = (typeof REENCRYPT_VERIFICATIONS)[number];
export const REENCRYPT_VERIFICATIONS = ['seal', 'readBack', 'snapshot'] as const;

/**
 * What a job does.
 *
 * - `census` counts objects and changes nothing.
 * - `rewrap` wraps the content keys of objects under the keys in `retire` with the key that the policy writes with. Content is neither
 *   read nor written.
 * - `reencrypt` reads content and writes it again under a new content key, in the protocol of the policy: after a key was
 *   disclosed, to encrypt plaintext, or to leave protocol 1.0 or a foreign format.
 * - `deleteSuperseded` deletes snapshots and old versions of blobs, of those that `when` selects. Only for containers. One is deleted if
 *   the current blob is not selected, opens, and has the same content, metadata, tags and HTTP headers. Others are kept and reported.
 * - `reindex` writes the rows again whose search tags are missing, wrong, or of an older search key. Only for tables whose entity
 *   class has searchable properties.
 *
 * With `tags`, a census reads such tables, which needs keys, and counts the same rows.
 */
export type MaintenanceTask =
  | { readonly do: 'census'; readonly retire?: KeyIds; readonly tags?: boolean }
  | { readonly do: 'rewrap'; readonly retire: KeyIds; readonly verify?: RewrapVerification }
  | { readonly do: 'reencrypt'; readonly when: ReencryptChoice; readonly verify?: ReencryptVerification }
  | { readonly do: 'deleteSuperseded'; readonly when: Omit<ReencryptChoice, 'foreign'> }
  | { readonly do: 'reindex' };

export type RewrapTask = Extract<MaintenanceTask, { readonly do: 'rewrap' }>;

/** Whether the task acts on an object in this state. */
export function isChosen(task: MaintenanceTask, state: StoredState): boolean {
  if (hasTags(task)) return state.kind === 'sealed' || state.kind === 'lookup';
  if (task.do === 'census') return false;
  if (task.do === 'rewrap') return state.kind === 'sealed' && isAmong(task.retire, state.keyId);
  return (task.do === 'reencrypt' || task.do === 'deleteSuperseded') && isToReencrypt(task.when, state);
}

/** Whether the task looks at the search tags of each row. */
export const hasTags = (task: MaintenanceTask): boolean =>
  task.do === 'reindex' || (task.do === 'census' && task.tags === true);

/** Whether the task also walks over what cannot be changed: snapshots, old versions, deleted blobs. */
export const walksEverything = ({ do: action }: MaintenanceTask): boolean =>
  action === 'census' || action === 'deleteSuperseded';

export const censusAfter = (task: MaintenanceTask): MaintenanceTask =>
  hasTags(task) ? { do: 'census', tags: true } : { do: 'census' };

export function withoutTags(task: MaintenanceTask): MaintenanceTask {
  if (task.do !== 'census') return task;
  const { tags: _none, ...others } = task;
  return others;
}

function isToReencrypt(when: ReencryptChoice, state: StoredState): boolean {
  if (state.kind === 'plain') return when.plaintext === true || when.foreign === true;
  if (state.kind !== 'sealed') return false;
  const { keyIds = [], protocols = [], withoutIntegrity = false } = when;
  return isAmong(keyIds, state.keyId) || protocols.includes(state.protocol) || (withoutIntegrity && !state.integrity);
}

/** The task without the parts that do not apply to a kind of object. */
export function without(task: MaintenanceTask, ...choices: readonly (keyof ReencryptChoice)[]): MaintenanceTask {
  if (task.do !== 'reencrypt') return task;
  const kept = Object.entries(task.when).filter(([name]) => !(choices as readonly string[]).includes(name));
  return { ...task, when: Object.fromEntries(kept) };
}

/** Whether what a task has written is read from the service again. */
export const isReadBack = (task: MaintenanceTask): boolean =>
  task.do === 'reencrypt' && task.verify !== undefined && task.verify !== 'seal';

/** Ids of the keys that a job retires, for its census. */
export function retiredBy(task: MaintenanceTask): KeyIds {
  if (task.do === 'reencrypt' || task.do === 'deleteSuperseded') return task.when.keyIds ?? [];
  return task.do === 'reindex' ? [] : (task.retire ?? []);
}
