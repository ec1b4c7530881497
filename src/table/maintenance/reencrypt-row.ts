/**
 * Encrypts a row again under a fresh content key: reads the row with the exact types of its columns, opens it, seals it, opens it again
 * as a check, and replaces it under its ETag. Plaintext rows need the class that declares which properties are encrypted.
 */
import { chosenAgain } from '../../envelope/maintenance/new-state.js';
import { DONE, type ObjectResult } from '../../envelope/maintenance/outcome.js';
import { readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { parseEncryptionData } from '../../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY } from '../../wire/entity-metadata.js';
import { mergedRow } from '../merge/merged-row.js';
import { openRow } from '../opened-row.js';
import { assertKept, changeRow, contextOf, type RowChange } from './changed-row.js';
import type { ListedRow } from './listed-row.js';

/** Throws errors that do not concern the row itself. */
export function reencryptRow({ partitionKey, rowKey }: ListedRow, change: RowChange): Promise<ObjectResult> {
  const { policy, entityClass, step } = change;
  const keys = { partitionKey, rowKey };
  return changeRow(keys, change, async (stored, state) => {
    if (state.kind === 'plain' && entityClass === null)
      return { result: { outcome: 'refused', code: 'ENTITY_CLASS_NEEDED' } };
    const reading = contextOf(change, readingPolicy(policy, state));
    const before = await openRow(stored.row, reading);
    const row = await mergedRow(stored, keys, reading);
    const again = chosenAgain(policy, step.task, parseEncryptionData(String(row[ENCRYPTION_DATA_PROPERTY])));
    if (again !== null) return { result: again };
    await assertKept(before, row, change);
    return { result: DONE, row };
  });
}
