/**
 * Gives a row the search tags of its values under the key that writes: opens the row, and if a tag is missing, wrong or of an older
 * key, seals it again and replaces it under its ETag. A census only looks. Rows are read under the policy of the application, so a
 * row that it would refuse is not signed anew.
 */
import { DONE, type ObjectResult, SAME } from '../../envelope/maintenance/outcome.js';
import { mergedRow } from '../merge/merged-row.js';
import { openRow } from '../opened-row.js';
import { tagsState } from '../search/tag-check.js';
import { assertKept, changeRow, contextOf, type RowChange } from './changed-row.js';
import type { ListedRow } from './listed-row.js';

/** Throws errors that do not concern the row itself. */
export function reindexRow({ partitionKey, rowKey }: ListedRow, change: RowChange): Promise<ObjectResult> {
  const { policy, step } = change;
  const keys = { partitionKey, rowKey };
  return changeRow(keys, change, async (stored) => {
    const context = contextOf(change, policy);
    const before = await openRow(stored.row, context);
    const tags = await tagsState({ row: stored.row, texts: before.texts }, context);
    if (tags === null) return { result: SAME };
    if (step.task.do === 'census') return { result: { ...SAME, tags } };
    const row = await mergedRow(stored, keys, context);
    await assertKept(before, row, change);
    return { result: { ...DONE, tags }, row };
  });
}
