/** The pages of a listing: the rows that the service finds, opened, without those that do not match the filter. */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient, TableEntityResult } from '@azure/data-tables';
import { keysOf } from '../envelope/encryption-policy.js';
import type { TableContext } from './entity-context.js';
import { openEntity } from './entity-envelope.js';
import { entityQuery } from './entity-query.js';
import type { Listing } from './listing.js';
import { lookupsOf } from './lookup/entry-writes.js';
import { lookupPages } from './lookup/lookup-pages.js';
import { openPage } from './page.js';
import { storedPages } from './service-answer.js';
import type { EncryptedListOptions, EncryptedTableDefaults } from './table-options.js';

interface ListingCall<T extends object> {
  readonly table: TableClient;
  readonly context: TableContext;
  readonly defaults: EncryptedTableDefaults;
  readonly options: EncryptedListOptions<T>;
  /** Options of the requests. */
  readonly traceable: OperationOptions;
}

export async function listedEntities<T extends object>(call: ListingCall<T>): Promise<Listing<T>> {
  const { table, context, defaults, options, traceable } = call;
  const { queryOptions, lookup, ...query } = await entityQuery(options, context);
  const opening = { ...query, onSearchTagMismatch: defaults.onSearchTagMismatch };
  const page = {
    table,
    concurrency: keysOf(context.policy).concurrency,
    open: async (row: Parameters<typeof openEntity>[0]) =>
      (await openEntity(row, context, opening)) as TableEntityResult<T> | null,
    onDecryptionFailed: options.onDecryptionFailed ?? defaults.onDecryptionFailed,
  };
  const asking = { ...traceable, queryOptions };
  return {
    pages: (settings) => {
      if (lookup === null) return storedPages(table, asking, settings);
      const { entries } = lookupsOf(context);
      const { entityClass } = context;
      return lookupPages({ plan: lookup, rows: table, entries, entityClass, options: asking }, settings);
    },
    open: (rows) => openPage(rows, page),
  };
}
