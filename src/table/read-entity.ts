/** Reads one row as an instance of its class. */
import type { TableEntityResult } from '@azure/data-tables';
import type { EntityKeys } from './entity-context.js';
import { openEntity } from './entity-envelope.js';
import { entityQuery, type EncryptedQueryOptions } from './entity-query.js';
import type { RowCall } from './row-writes.js';
import { storedRow } from './service-answer.js';

export async function readEntity<T extends object>(
  keys: EntityKeys,
  { table, context, options }: RowCall & { readonly options: EncryptedQueryOptions<T> },
): Promise<TableEntityResult<T>> {
  const { queryOptions, ...query } = await entityQuery(options, context);
  const row = await storedRow(table, keys, { ...options, queryOptions });
  return (await openEntity(row, context, query)) as TableEntityResult<T>;
}
