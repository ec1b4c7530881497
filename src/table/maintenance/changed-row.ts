/** Reads a row, decides, and replaces it under its ETag. If another writer was faster, it starts again. */
import { equalBytes } from '../../crypto/bytes.js';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import { callOptions, type Step } from '../../envelope/maintenance/maintained.js';
import { type ObjectResult, ownResult, READ_BACK_FAILED, resultOf, SAME } from '../../envelope/maintenance/outcome.js';
import { checkingPolicy } from '../../envelope/maintenance/reading-policy.js';
import type { StoredState } from '../../envelope/maintenance/stored-state.js';
import { isChosen } from '../../envelope/maintenance/task.js';
import { isAbort } from '../../aborts.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { DecryptionError } from '../../errors/content.js';
import { isChanged, isMissing, retryOnConflict } from '../../service-errors.js';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../wire/entity-metadata.js';
import {
  AnyEntity,
  type EntityKeys,
  type Row,
  type TableAccess,
  type TableContext,
  tableContext,
} from '../entity-context.js';
import { writeWithEntries } from '../lookup/entry-writes.js';
import { ATTEMPTS } from '../merge/attempts.js';
import { readStored, type StoredEntity } from '../merge/stored-entity.js';
import { type OpenedRow, openRow } from '../opened-row.js';
import { storedValue } from '../stored-value.js';
import { rowState } from './listed-row.js';

export interface RowsAccess extends Pick<TableAccess, 'table' | 'lookupTable' | 'policy'> {
  /** The class that declares which properties are encrypted. Rewrapping does not need it. */
  readonly entityClass: EntityClass | null;
}

export interface RowChange extends RowsAccess {
  readonly step: Step;
  /** Gets each row that is not encrypted yet. */
  readonly onPlaintext?: ((row: Row) => void) | undefined;
}

/** The plan for a row: the row to store and its result, or only the result. */
interface PlannedChange {
  readonly result: ObjectResult;
  readonly row?: Row & EntityKeys;
  /** The opened row, if what is stored must be read back and compared with it. */
  readonly readBack?: Pick<OpenedRow, 'texts'>;
  /** The context in which the row was sealed. */
  readonly context?: TableContext;
}

/** `plan` gets a row that the task selects. Throws errors that do not concern the row itself. */
export async function changeRow(
  keys: EntityKeys,
  change: RowChange,
  plan: (stored: StoredEntity, state: StoredState) => Promise<PlannedChange>,
): Promise<ObjectResult> {
  try {
    return await retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: change.step.abortSignal,
      isConflict: isChanged,
      attempt: () => readAndReplace(keys, change, plan),
    });
  } catch (error) {
    return ownResult(error);
  }
}

async function readAndReplace(
  keys: EntityKeys,
  change: RowChange,
  plan: Parameters<typeof changeRow>[2],
): Promise<ObjectResult> {
  const { table, step } = change;
  const options = callOptions(step);
  await step.beforeRequest();
  const stored = await readStored(table, keys, options);
  const { row } = stored;
  const state = rowState(storedValue(row[ENCRYPTION_DATA_PROPERTY]), storedValue(row[SEALED_NAMES_PROPERTY]));
  if (!isChosen(step.task, state)) return SAME;
  if (state.kind === 'plain') change.onPlaintext?.(row);
  const { result, row: changed, context, readBack } = await plan(stored, state).catch(refusedByClass);
  if (changed === undefined || context === undefined || step.dryRun) return result;
  await step.beforeRequest();
  await writeWithEntries([{ before: row, after: changed, entityClass: context.entityClass }], context, () =>
    table.updateEntity(changed, 'Replace', { ...options, etag: stored.etag }),
  );
  return readBack === undefined || (await isKept(readBack, changed, change)) ? result : READ_BACK_FAILED;
}

/**
 * Reads the row again. If another writer has sealed it since, there is nothing to compare. A writer that changes only clear
 * columns keeps the encryption data, so the sealed properties are compared.
 */
async function isKept(before: Pick<OpenedRow, 'texts'>, sealed: Row & EntityKeys, change: RowChange): Promise<boolean> {
  const { partitionKey, rowKey } = sealed;
  const { table, step } = change;
  await step.beforeRequest();
  try {
    const stored = await readStored(table, { partitionKey, rowKey }, callOptions(step));
    if (encryptionDataIn(stored.row) === encryptionDataIn(sealed)) await assertKept(before, stored.row, change);
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (resultOf(error)?.outcome === 'damaged') return false;
    throw error;
  }
}

const encryptionDataIn = (row: Row): unknown => storedValue(row[ENCRYPTION_DATA_PROPERTY]);

/** `when` may throw for a row that anyone may have stored. This concerns only the row, and must not end the job. */
function refusedByClass(error: unknown): PlannedChange {
  if (isEncryptedStorageError(error) || isAbort(error)) throw error;
  return { result: { outcome: 'refused', code: 'ENTITY_CLASS_FAILED' } };
}

export const contextOf = (
  { table, lookupTable, entityClass, step }: Omit<RowChange, 'policy'>,
  policy: EncryptionPolicy,
): TableContext =>
  tableContext({ table, lookupTable, entityClass: entityClass ?? AnyEntity, policy }, callOptions(step));

/** Opens a row that was just sealed, as a reader would. Throws unless every sealed text is the same as before. */
export async function assertKept(
  before: Pick<OpenedRow, 'texts'>,
  sealed: Row & EntityKeys,
  change: RowChange,
): Promise<void> {
  const now = await openRow(sealed, contextOf(change, checkingPolicy(change.policy)));
  for (const [name, { bytes, type }] of before.texts) {
    const kept = now.texts.get(name);
    if (kept?.type !== type || !equalBytes(kept.bytes, bytes)) throw new DecryptionError();
  }
}
