/**
 * Merges into rows with sealed properties. The service would leave those behind that it is not sent, under a content key that is
 * no longer stored: never to be read again. So the row is read, laid under the patch, and replaced if it is still the same.
 */
import type { UpdateEntityResponse, UpsertEntityResponse } from '@azure/data-tables';
import { sealEntity } from '../entity-envelope.js';
import { isChanged, isMissing, isTaken } from '../../service-errors.js';
import { type Attempted, mergeUnderEtag, DEFAULT_MERGE_ATTEMPTS } from './attempts.js';
import {
  assertMergeable,
  isClearMerge,
  type Merge,
  plannedUpdate,
  plannedUpsert,
  isUnprotected,
} from './merge-plan.js';

/** How a merge is done. */
export interface MergeOptions {
  /**
   * How often a merge is written at most, where others change the row at the same time. Then their conflict, 412, is thrown.
   *
   * @defaultValue 8
   */
  readonly mergeAttempts?: number;
}

export interface MergeCall extends Merge, MergeOptions {
  /** The only version of the row to change; `*` for any. */
  readonly etag?: string;
}

/** Merges into a row that exists. An ETag of the caller's is kept to: its conflict is the caller's, at once. */
export async function mergeEntity(merge: MergeCall): Promise<UpdateEntityResponse & Attempted> {
  const { table, patch, options, etag = '*', mergeAttempts = DEFAULT_MERGE_ATTEMPTS } = merge;
  assertMergeable(merge);
  const isOwn = etag === '*';
  return mergeUnderEtag({
    attempts: isOwn ? mergeAttempts : 1,
    isConflict: isChanged,
    attempt: async () => {
      if (isClearMerge(merge)) return table.updateEntity(patch, 'Merge', { ...options, etag });
      const { row, etag: read } = await plannedUpdate(merge);
      return table.updateEntity(row, 'Replace', { ...options, etag: isOwn ? read : etag });
    },
  });
}

/** Merges into a row, or inserts it. */
export async function mergeOrInsert(merge: MergeCall): Promise<UpsertEntityResponse & Attempted> {
  const { table, patch, options, mergeAttempts = DEFAULT_MERGE_ATTEMPTS } = merge;
  assertMergeable(merge);
  if (isUnprotected(merge)) return { ...(await table.upsertEntity(patch, 'Merge', options)), attempts: 1 };
  return mergeUnderEtag({
    attempts: mergeAttempts,
    isConflict: (error) => isChanged(error) || isTaken(error) || isMissing(error),
    attempt: async () => (isClearMerge(merge) ? await clearMergeOrInsert(merge) : await rewriteOrInsert(merge)),
  });
}

async function rewriteOrInsert(merge: MergeCall): Promise<UpsertEntityResponse> {
  const { table, options } = merge;
  const planned = await plannedUpsert(merge);
  if (planned.kind === 'create') return table.createEntity(planned.row, options);
  return table.updateEntity(planned.row, 'Replace', { ...options, etag: planned.etag });
}

/** The service would insert the row without encryption data, as if it had never been encrypted. */
async function clearMergeOrInsert(merge: MergeCall): Promise<UpsertEntityResponse> {
  const { table, context, patch, options } = merge;
  try {
    return await table.updateEntity(patch, 'Merge', options);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return table.createEntity(await sealEntity(patch, context), options);
  }
}
