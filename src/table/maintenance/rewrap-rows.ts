/**
 * Rewraps rows of one partition: merges the column that holds the encryption data, under each row's ETag, up to 100 rows in a
 * transaction. If one of them was changed in the meantime, the whole transaction fails and says which: that row is written separately, and
 * the others in another transaction.
 */
import type { TableClient, TransactionAction } from '@azure/data-tables';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import { keysOf } from '../../envelope/encryption-policy.js';
import { callOptions, type Step } from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, ownResult, SAME } from '../../envelope/maintenance/outcome.js';
import { retiredText } from '../../envelope/maintenance/rewrap-step.js';
import { isChosen, type RewrapTask } from '../../envelope/maintenance/task.js';
import { PayloadTooLargeError } from '../../errors/input.js';
import { retryOnConflict, statusOf } from '../../service-errors.js';
import { boundedMap } from '../../streams/bounded-map.js';
import type { TimeSlice } from '../../streams/time-slice.js';
import { provingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { ENCRYPTION_DATA_PROPERTY } from '../../wire/entity-metadata.js';
import { ATTEMPTS } from '../merge/attempts.js';
import { readStored } from '../merge/stored-entity.js';
import { openRow } from '../opened-row.js';
import { submittedTransaction } from '../service-answer.js';
import { contextOf } from './changed-row.js';
import { type ListedRow, lookAtRow } from './listed-row.js';

/** Maximum number of transactions for the same rows. */
const TRANSACTIONS = 4;
/** UTF-16 code units of a text property; the service's limit. */
export const TEXT_LIMIT = 32 * 1024;

export interface RewrapRows extends Omit<RewrapTask, 'do'> {
  readonly account: string;
  readonly table: TableClient;
  readonly policy: EncryptionPolicy;
  readonly step: Step;
  readonly distinctKeys: Set<string>;
  /** One for all transactions that are made at the same time: their keys and their bodies take the event loop. */
  readonly slice: TimeSlice;
}

/** A row with its new text, or its outcome if nothing is to be written. */
type Planned =
  { readonly row: ListedRow; readonly text: string } | { readonly row: ListedRow; readonly result: ObjectResult };

/** Throws errors that do not concern a single row. */
export async function rewrapRows(rows: readonly ListedRow[], rewrap: RewrapRows): Promise<readonly ObjectResult[]> {
  const planned = await boundedMap(rows, keysOf(rewrap.policy).concurrency, (row) => plan(row, rewrap));
  const writes = planned.filter((plan) => 'text' in plan);
  if (rewrap.step.dryRun || writes.length === 0) return planned.map(resultOfPlan);
  const together = await writtenTogether(writes, rewrap);
  const results: ObjectResult[] = [];
  for (const one of planned) {
    const isAlone = 'text' in one && !together.has(one);
    results.push(isAlone ? await new LoneRow(one.row, rewrap).run(one.text) : resultOfPlan(one));
  }
  return results;
}

const resultOfPlan = (plan: Planned): ObjectResult => ('text' in plan ? DONE : plan.result);

async function plan(row: ListedRow, rewrap: RewrapRows): Promise<Planned> {
  const { slice } = rewrap;
  while (slice.isSpent) await slice.breathe();
  try {
    const found = await newText(row, rewrap);
    return { row, ...found };
  } catch (error) {
    return { row, result: ownResult(error) };
  }
}

async function newText(row: ListedRow, given: RewrapRows) {
  const { text, partitionKey, rowKey } = row;
  const { account, table, policy, retire, verify, step, distinctKeys } = given;
  if (text === undefined) return { result: SAME };
  const found = await retiredText(policy, text, {
    target: { kind: 'table', account, table: table.tableName, partitionKey, rowKey },
    form: 'entity',
    operation: callOptions(step),
    retire,
    distinctKeys,
  });
  if ('text' in found && found.text.length > TEXT_LIMIT) {
    throw new PayloadTooLargeError('The encryption data', TEXT_LIMIT, found.text.length);
  }
  if ('text' in found && verify === 'content') await assertRowOpens(row, found.text, given);
  return found;
}

/** Opens the whole row with encryption data that is not stored yet, to prove that it has the right content key. */
async function assertRowOpens({ partitionKey, rowKey, etag }: ListedRow, text: string, rewrap: RewrapRows) {
  const { table, policy, step } = rewrap;
  await step.beforeRequest();
  const stored = await readStored(table, { partitionKey, rowKey }, callOptions(step));
  // another writer changed it, so the write will fail too
  if (stored.etag !== etag) return;
  const context = contextOf({ table, entityClass: null, step }, provingPolicy(policy));
  await openRow({ ...stored.row, [ENCRYPTION_DATA_PROPERTY]: text }, context);
}

interface Write {
  readonly row: ListedRow;
  readonly text: string;
}

/** Those that a transaction has written. Rows that were changed or refused are left out, and where it is not known which, all are. */
async function writtenTogether(writes: readonly Write[], rewrap: RewrapRows): Promise<ReadonlySet<Write>> {
  const rest = [...writes];
  for (let attempt = 0; rest.length > 1 && attempt < TRANSACTIONS; attempt += 1) {
    const fault = await faultOfTransaction(rest, rewrap);
    if (fault === null) return new Set(rest);
    if (rest[fault] === undefined) break;
    rest.splice(fault, 1);
  }
  return new Set();
}

/** `null` if all rows were written, otherwise the index of the row because of which none was; -1 if the answer does not say. */
async function faultOfTransaction(
  writes: readonly Write[],
  { table, step, slice }: RewrapRows,
): Promise<number | null> {
  const actions = writes.map(({ row, text }): TransactionAction => {
    const { partitionKey, rowKey, etag } = row;
    return ['update', { partitionKey, rowKey, [ENCRYPTION_DATA_PROPERTY]: text }, 'Merge', { etag }];
  });
  await step.beforeRequest();
  while (slice.isSpent) await slice.breathe();
  try {
    await submittedTransaction(table, actions, callOptions(step));
    return null;
  } catch (error) {
    if (![400, 404, 409, 412, 413].includes(statusOf(error) ?? 0)) throw error;
    return Number(/^(\d{1,2}):/.exec((error as Error).message)?.[1] ?? -1);
  }
}

class LoneRow {
  private sent: string | undefined;

  constructor(
    private readonly row: ListedRow,
    private readonly rewrap: RewrapRows,
  ) {}

  async run(text: string): Promise<ObjectResult> {
    let attempt = (): Promise<ObjectResult> => {
      attempt = () => this.lookAndWrite();
      return this.write(text, this.row.etag);
    };
    const { abortSignal } = this.rewrap.step;
    return retryOnConflict({ attempts: ATTEMPTS, abortSignal, attempt: () => attempt() }).catch(ownResult);
  }

  private async lookAndWrite(): Promise<ObjectResult> {
    const { table, step } = this.rewrap;
    await step.beforeRequest();
    const row = await lookAtRow(table, this.row, step);
    if (row.text !== undefined && row.text === this.sent) return DONE;
    if (!isChosen(step.task, row.state)) return SAME;
    const found = await newText(row, this.rewrap);
    return 'result' in found ? found.result : this.write(found.text, row.etag);
  }

  private async write(text: string, etag: string): Promise<ObjectResult> {
    const { table, step } = this.rewrap;
    const { partitionKey, rowKey } = this.row;
    await step.beforeRequest();
    this.sent = text;
    const patch = { partitionKey, rowKey, [ENCRYPTION_DATA_PROPERTY]: text };
    await table.updateEntity(patch, 'Merge', { ...callOptions(step), etag });
    return DONE;
  }
}
