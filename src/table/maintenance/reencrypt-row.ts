/**
 * Encrypts a row again under a fresh content key: reads the row with the exact types of its columns, opens it, seals it, opens it again
 * as a check, and replaces it under its ETag. Plaintext rows need the class that declares which properties are encrypted.
 */
import type { TableClient } from '@azure/data-tables';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, resultOf, SAME } from '../../envelope/maintenance/outcome.js';
import { checkingPolicy, readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { chosenAgain } from '../../envelope/maintenance/new-state.js';
import { isChosen } from '../../envelope/maintenance/task.js';
import { equalBytes } from '../../crypto/bytes.js';
import { DecryptionError } from '../../errors/content.js';
import { isChanged, retryOnConflict } from '../../service-errors.js';
import { parseEncryptionData } from '../../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../wire/entity-metadata.js';
import { tableContext } from '../entity-context.js';
import { mergedRow } from '../merge/merged-row.js';
import { readStored } from '../merge/stored-entity.js';
import { openRow } from '../opened-row.js';
import { storedValue } from '../stored-value.js';
import { type ListedRow, rowState } from './listed-row.js';

/** Maximum number of attempts if other writers keep changing the row. */
const ATTEMPTS = 8;

export interface ReencryptRow {
  readonly table: TableClient;
  readonly policy: EncryptionPolicy;
  readonly entityClass: EntityClass | null;
  readonly step: Step;
}

/** For a row that is encrypted already: sealed properties stay sealed. */
class AnyEntity {
  readonly [name: string]: unknown;
}

/** Throws errors that do not concern the row itself. */
export async function reencryptRow(row: ListedRow, given: ReencryptRow): Promise<ObjectResult> {
  try {
    const { result } = await retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: given.step.abortSignal,
      isConflict: isChanged,
      attempt: () => readAndReplace(row, given),
    });
    return result;
  } catch (error) {
    const result = resultOf(error);
    if (result === null) throw error;
    return result;
  }
}

async function readAndReplace({ partitionKey, rowKey }: ListedRow, given: ReencryptRow): Promise<ObjectResult> {
  const { table, policy, entityClass, step } = given;
  const options = step.abortSignal === undefined ? {} : { abortSignal: step.abortSignal };
  const keys = { partitionKey, rowKey };
  await step.beforeRequest();
  const stored = await readStored(table, keys, options);
  const { row } = stored;
  const state = rowState(storedValue(row[ENCRYPTION_DATA_PROPERTY]), storedValue(row[SEALED_NAMES_PROPERTY]));
  if (!isChosen(step.task, state)) return SAME;
  if (state.kind === 'plain' && entityClass === null) return { outcome: 'refused', code: 'ENTITY_CLASS_NEEDED' };

  const parts = { table, entityClass: entityClass ?? AnyEntity };
  const reading = tableContext({ ...parts, policy: readingPolicy(policy, state) }, options);
  const before = await openRow(row, reading);
  const sealed = await mergedRow(stored, keys, reading);
  const again = chosenAgain(policy, step.task, parseEncryptionData(String(sealed[ENCRYPTION_DATA_PROPERTY])));
  if (again !== null) return again;
  const checking = tableContext({ ...parts, policy: checkingPolicy(policy) }, options);
  assertKept(before.texts, (await openRow(sealed, checking)).texts);
  if (step.dryRun) return DONE;
  await step.beforeRequest();
  await table.updateEntity(sealed, 'Replace', { ...options, etag: stored.etag });
  return DONE;
}

type Texts = Awaited<ReturnType<typeof openRow>>['texts'];

/** Checks that every sealed text opens to the same bytes again. */
function assertKept(before: Texts, now: Texts): void {
  for (const [name, { bytes, type }] of before) {
    const kept = now.get(name);
    if (kept?.type !== type || !equalBytes(kept.bytes, bytes)) throw new DecryptionError();
  }
}
