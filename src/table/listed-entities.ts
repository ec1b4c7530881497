/** The pages of a listing: the rows that the service finds, opened, without those that do not match the filter. */
import type { TableEntityResult, TableEntityResultPage } from '@azure/data-tables';
import { keysOf } from '../envelope/encryption-policy.js';
import type { EntityKeys, Row } from './entity-context.js';
import { openEntity } from './entity-envelope.js';
import { type EncryptedQueryOptions, entityQuery } from './entity-query.js';
import { lookupsOf } from './lookup/entry-writes.js';
import { lookupPages } from './lookup/lookup-pages.js';
import { openPage, type TableDecryptionFailedHandler } from './page.js';
import type { RowCall } from './row-writes.js';
import { type PageSettings, storedPages } from './service-answer.js';

interface ListingCall<T extends object> extends RowCall {
  readonly asked: EncryptedQueryOptions<T>;
  readonly onDecryptionFailed: TableDecryptionFailedHandler | undefined;
}

export async function* listedEntities<T extends object>(
  { table, context, options, asked, onDecryptionFailed }: ListingCall<T>,
  settings: PageSettings,
): AsyncGenerator<TableEntityResultPage<T>> {
  const { queryOptions, lookup, ...query } = await entityQuery(asked, context);
  const opening = {
    table,
    concurrency: keysOf(context.policy).concurrency,
    open: async (row: Row & EntityKeys) => (await openEntity(row, context, query)) as TableEntityResult<T> | null,
    onDecryptionFailed,
  };
  const reading = { rows: table, entityClass: context.entityClass, options: { ...options, queryOptions } };
  const pages =
    lookup === null
      ? storedPages(table, reading.options, settings)
      : lookupPages({ ...reading, plan: lookup, entries: lookupsOf(context).entries }, settings);
  for await (const page of pages) {
    const opened = await openPage(page as (Row & EntityKeys)[], opening);
    yield Object.assign(opened, { continuationToken: page.continuationToken });
  }
}
