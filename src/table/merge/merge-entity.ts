/**
 * Merges into rows with sealed properties. The service would keep properties that are not in the request, under a content key
 * that is no longer stored, so they could never be read again. So the row is read, the change is applied, and the row is replaced
 * if it has not changed.
 */
import type { UpsertEntityResponse } from '@azure/data-tables';
import type { IntegrityTagged } from '../../envelope/integrity/integrity-tag.js';
import { conditionOf, insertEntity, isAny, writeOver } from '../row-writes.js';
import { isChanged, isMissing } from '../../service-errors.js';
import { ATTEMPTS, isUpsertConflict, mergeUnderEtag } from './attempts.js';
import {
  assertMergeable,
  isClearMerge,
  type Merge,
  plannedUpdate,
  plannedUpsert,
  isUnprotected,
} from './merge-plan.js';
import type { EncryptedUpdateResponse, EncryptedUpsertResponse } from '../write-responses.js';

/** Options of a merge. */
export interface MergeOptions {
  /**
   * Maximum number of times that a merge is written if others change the row at the same time. After that, the conflict (412) is
   * thrown.
   *
   * @defaultValue 8
   */
  readonly mergeAttempts?: number;
}

interface MergeCall extends Merge, MergeOptions {
  /** The only version of the row to change; `*` for any. */
  readonly etag?: string;
}

/** Merges into an existing row. If the caller passes an ETag, it is used, and the caller gets a conflict at once. */
export async function mergeEntity(merge: MergeCall): Promise<EncryptedUpdateResponse> {
  const { table, patch, options, etag = '*', mergeAttempts = ATTEMPTS } = merge;
  assertMergeable(merge);
  return mergeUnderEtag({
    attempts: isAny(etag) ? mergeAttempts : 1,
    isConflict: isChanged,
    attempt: async () => {
      if (isClearMerge(merge)) return table.updateEntity(patch, 'Merge', { ...options, etag });
      const { before, row } = await plannedUpdate(merge);
      return writeOver({ row: before.row, etag: conditionOf(etag, before) }, row, merge);
    },
  });
}

/** Merges into a row, or inserts it. */
export async function mergeOrInsert(merge: MergeCall): Promise<EncryptedUpsertResponse> {
  const { table, patch, options, mergeAttempts = ATTEMPTS } = merge;
  assertMergeable(merge);
  if (isUnprotected(merge)) return { ...(await table.upsertEntity(patch, 'Merge', options)), attempts: 1 };
  return mergeUnderEtag({
    attempts: mergeAttempts,
    isConflict: isUpsertConflict,
    attempt: async () => {
      if (isClearMerge(merge)) return clearMergeOrInsert(merge);
      const { before, row } = await plannedUpsert(merge);
      return writeOver(before, row, merge);
    },
  });
}

/** The service would insert the row without encryption data, as if it had never been encrypted. */
async function clearMergeOrInsert(merge: MergeCall): Promise<UpsertEntityResponse & IntegrityTagged> {
  const { table, patch, options } = merge;
  try {
    return await table.updateEntity(patch, 'Merge', options);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return insertEntity(patch, merge);
  }
}
