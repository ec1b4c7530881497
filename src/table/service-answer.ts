/**
 * What a response of the table service must contain before its rows are used. Without this check an emptied page would be a page
 * without rows, and a row without ETag would be overwritten unconditionally.
 */
import type { OperationOptions } from '@azure/core-client';
import type {
  GetTableEntityOptions,
  ListTableEntitiesOptions,
  TableClient,
  TableEntityResult,
  TableEntityResultPage,
  TableTransactionResponse,
  TransactionAction,
} from '@azure/data-tables';
import { InvalidServiceResponseError } from '../errors/transfer.js';
import { CheckedAnswers, type ServiceAnswer } from '../service-answers.js';
import type { EntityKeys, Row } from './entity-context.js';
import { continuationTokenIn, dropPrototype, plainly } from './plain-answer.js';

/**
 * What the service itself reports about a row. The SDK gives these values other names, which columns of the row may have too, and
 * accepts either. So they are read from the body.
 */
interface SystemProperties extends EntityKeys {
  /** Absent in some projections. */
  readonly etag?: string;
}

export type PageSettings = { readonly continuationToken?: string; readonly maxPageSize?: number } | undefined;

/** The stored row. Throws `INVALID_SERVICE_RESPONSE` unless the response is that row. */
export async function storedRow(
  table: TableClient,
  { partitionKey, rowKey }: EntityKeys,
  options: GetTableEntityOptions = {},
): Promise<TableEntityResult<Row> & EntityKeys> {
  let answered: SystemProperties = { partitionKey, rowKey };
  const answers = new CheckedAnswers(plainly(options), ({ parsedBody }) => {
    answered = systemProperties(parsedBody, options);
    if (answered.partitionKey !== partitionKey || answered.rowKey !== rowKey) {
      throw new InvalidServiceResponseError('is for another entity than the requested one');
    }
  });
  const row = await answers.of(() => table.getEntity<Row>(partitionKey, rowKey, answers.options));
  return Object.assign(row, answered);
}

/** The pages of stored rows. Throws `INVALID_SERVICE_RESPONSE` for a page that does not say which rows it has. */
export async function* storedPages(
  table: TableClient,
  options: ListTableEntitiesOptions,
  settings: PageSettings,
): AsyncGenerator<TableEntityResultPage<Row>> {
  let answered: readonly SystemProperties[] = [];
  let continuationToken = settings?.continuationToken;
  const answers = new CheckedAnswers(plainly(options), (answer) => {
    answered = rowsIn(answer, options);
    continuationToken = continuationTokenIn(answer.headers);
  });
  do {
    const pages = table.listEntities<Row>(answers.options).byPage({ ...settings, continuationToken });
    const next = await answers.of(() => pages.next());
    const page = next.value as TableEntityResultPage<Row>;
    for (const [at, row] of page.entries()) Object.assign(row, answered[at]);
    yield Object.assign(page, { continuationToken });
  } while (continuationToken !== undefined);
}

/** Sends a transaction. Throws `INVALID_SERVICE_RESPONSE` unless the service confirms every action. */
export async function submittedTransaction(
  table: TableClient,
  actions: TransactionAction[],
  options: OperationOptions,
): Promise<TableTransactionResponse> {
  const response = await table.submitTransaction(actions, options).catch(nameUnreadableAnswer);
  const { subResponses } = response;
  if (subResponses.length !== actions.length || !subResponses.every(({ status }) => isSuccess(status))) {
    throw new InvalidServiceResponseError('does not say whether every action of the transaction was done');
  }
  return response;
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

function rowsIn({ parsedBody, headers }: ServiceAnswer, options: ListTableEntitiesOptions): SystemProperties[] {
  const rows = (parsedBody as { readonly value?: unknown } | null | undefined)?.value;
  if (!Array.isArray(rows)) throw new InvalidServiceResponseError('has no list of entities');
  const hasNext = (key: string): boolean => (headers.get(`x-ms-continuation-next${key}`) ?? '') !== '';
  // the SDK would treat such a page as the last one
  if (hasNext('rowkey') && !hasNext('partitionkey')) {
    throw new InvalidServiceResponseError('has only half of the token for the next page');
  }
  return rows.map((row) => systemProperties(row, options));
}

function systemProperties(
  row: unknown,
  { queryOptions }: GetTableEntityOptions | ListTableEntitiesOptions,
): SystemProperties {
  const { PartitionKey: partitionKey, RowKey: rowKey, 'odata.etag': etag } = (row ?? {}) as Row;
  if (typeof partitionKey !== 'string' || typeof rowKey !== 'string') {
    throw new InvalidServiceResponseError('has an entity without PartitionKey or RowKey');
  }
  if (!Object.values(row as Row).every(isColumn)) {
    throw new InvalidServiceResponseError('has a column that is neither text, a number, a boolean nor null');
  }
  dropPrototype(row as Row);
  if (typeof etag === 'string' && etag !== '') return { partitionKey, rowKey, etag };
  if (queryOptions?.select === undefined) throw new InvalidServiceResponseError('has an entity without ETag');
  return { partitionKey, rowKey };
}

/**
 * Whether a table can have the value. The SDK passes on an object unchanged, and one that looks like a typed value has the tag of
 * that value, although the application would get the object: `{ "type": "Boolean", "value": false }` is true in a condition.
 */
const isColumn = (value: unknown): boolean => typeof value !== 'object' || value === null;

/** The SDK rejects such parts of a response with errors that have no code. */
function nameUnreadableAnswer(error: unknown): never {
  const isUnreadable = error instanceof Error && error.message.includes('sub-response') && error.name === 'Error';
  throw isUnreadable ? new InvalidServiceResponseError('has parts that cannot be read') : error;
}
