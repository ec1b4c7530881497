/**
 * Encrypts a row again under a new content key: reads the row with the exact types of its columns, opens it, seals it, opens it
 * again as a check, and replaces it under its ETag. Plaintext rows need the class that declares which properties are encrypted.
 */
import { chosenAgain } from '../../envelope/maintenance/new-state.js';
import { DONE, type ObjectResult } from '../../envelope/maintenance/outcome.js';
import { readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { isReadBack } from '../../envelope/maintenance/task.js';
import { parseEncryptionData } from '../../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY } from '../../wire/entity-metadata.js';
import { mergedRow } from '../merge/merged-row.js';
import type { Row } from '../entity-context.js';
import { type OpenedRow, openRow } from '../opened-row.js';
import { isKey, isReservedColumn, isSystemProperty } from '../reserved-names.js';
import { assertKept, changeRow, contextOf, type RowChange } from './changed-row.js';
import type { ListedRow } from './listed-row.js';

export function reencryptRow({ partitionKey, rowKey }: ListedRow, change: RowChange): Promise<ObjectResult> {
  const { policy, entityClass, step } = change;
  const keys = { partitionKey, rowKey };
  return changeRow(keys, change, async (stored, state) => {
    if (state.kind === 'plain' && entityClass === null)
      return { result: { outcome: 'refused', code: 'ENTITY_CLASS_NEEDED' } };
    const reading = contextOf(change, readingPolicy(policy, state));
    const before = await openRow(stored.row, reading);
    if (
      entityClass === null &&
      before.covered === null &&
      policy.integrity !== 'off' &&
      hasClearColumn(stored.row, before)
    )
      return { result: { outcome: 'refused', code: 'ENTITY_CLASS_NEEDED' } };
    const row = await mergedRow(stored, keys, reading);
    const again = chosenAgain(policy, step.task, parseEncryptionData(String(row[ENCRYPTION_DATA_PROPERTY])));
    if (again !== null) return { result: again };
    await assertKept(before, row, change);
    return { result: DONE, row, context: reading, readBack: isReadBack(step.task) ? before : undefined };
  });
}

/** The first integrity entries of a row determine which of its clear columns are protected, and only the class knows which. */
const hasClearColumn = (row: Row, { texts }: Pick<OpenedRow, 'texts'>): boolean =>
  Object.keys(row).some(
    (name) => !texts.has(name) && !isKey(name) && !isSystemProperty(name) && !isReservedColumn(name),
  );
