/**
 * Gives a row the search tags of its values under the key that writes: opens the row, and if a tag is missing, wrong or of an older
 * key, seals it again and replaces it under its ETag. Writes the entries that the row lacks in the lookup table. A census only looks.
 * Rows are read under the policy of the application, so a row that it would refuse is not signed again.
 */
import { DONE, type ObjectResult, SAME } from '../../envelope/maintenance/outcome.js';
import type { Step } from '../../envelope/maintenance/maintained.js';
import type { EntityKeys, Row, TableContext } from '../entity-context.js';
import { lookupsOf, placeEntries } from '../lookup/entry-writes.js';
import { entriesOf, isSameEntry, type LookupEntry } from '../lookup/lookup-entry.js';
import { mergedRow } from '../merge/merged-row.js';
import { openRow } from '../opened-row.js';
import { tagsState } from '../search/tag-check.js';
import { assertKept, changeRow, contextOf, type RowChange } from './changed-row.js';
import type { ListedRow } from './listed-row.js';

export function reindexRow({ partitionKey, rowKey }: ListedRow, change: RowChange): Promise<ObjectResult> {
  const { policy, step } = change;
  const keys = { partitionKey, rowKey };
  return changeRow(keys, change, async (stored) => {
    const context = contextOf(change, policy);
    const before = await openRow(stored.row, context);
    const tags = await tagsState({ row: stored.row, texts: before.texts }, context);
    if (tags === null) return { result: await listedResult(stored.row, context, step) };
    if (step.task.do === 'census') return { result: { ...SAME, tags } };
    const row = await mergedRow(stored, keys, context);
    await assertKept(before, row, change);
    if (!step.dryRun) {
      // new entries are written with the row, and taken back if it cannot be
      const had = entriesOf(stored.row, context.entityClass);
      const missing = await unlistedOf(row, context, step);
      await placeEntries(
        missing.filter((entry) => had.some((other) => isSameEntry(entry, other))),
        context,
      );
    }
    return { result: { ...DONE, tags }, row, context };
  });
}

/** The result for a row with the right tags: writes the entries that it lacks. */
async function listedResult(row: Row & EntityKeys, context: TableContext, step: Step): Promise<ObjectResult> {
  const missing = await unlistedOf(row, context, step);
  if (missing.length === 0) return SAME;
  if (step.task.do === 'census') return { ...SAME, tags: 'unlisted' };
  if (!step.dryRun) await placeEntries(missing, context);
  return { ...DONE, tags: 'unlisted' };
}

async function unlistedOf(
  row: Row & EntityKeys,
  context: TableContext,
  { beforeRequest }: Step,
): Promise<readonly LookupEntry[]> {
  const missing: LookupEntry[] = [];
  for (const entry of entriesOf(row, context.entityClass)) {
    await beforeRequest();
    if ((await lookupsOf(context).find(entry)) === null) missing.push(entry);
  }
  return missing;
}
