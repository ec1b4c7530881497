/** A listing of stored rows as one of entities: pages and continuation tokens are the SDK's. */
import type { OperationOptions } from '@azure/core-client';
import type { PagedAsyncIterableIterator } from '@azure/core-paging';
import type { TableEntityResult, TableEntityResultPage } from '@azure/data-tables';
import { boundedMap } from '../streams/bounded-map.js';
import { startSpan } from '../tracing/span.js';
import type { EntityKeys, Row } from './entity-context.js';

type PageSettings = { readonly continuationToken?: string; readonly maxPageSize?: number } | undefined;

export interface Listing<T extends object> {
  /** Rows that are opened at once. */
  readonly concurrency: number;
  /** The stored rows; asked for once the first page is wanted. */
  readonly rows: (options: OperationOptions) => PagedAsyncIterableIterator<unknown, TableEntityResultPage<Row>>;
  readonly open: (row: Row & EntityKeys, options: OperationOptions) => Promise<TableEntityResult<T>>;
}

export function listing<T extends object>(
  { concurrency, rows, open }: Listing<T>,
  options: OperationOptions,
): PagedAsyncIterableIterator<TableEntityResult<T>, TableEntityResultPage<T>> {
  const pages = async function* (settings?: PageSettings): AsyncGenerator<TableEntityResultPage<T>> {
    const { options: traceable, end } = startSpan('EncryptedTableClient.listEntities', options);
    try {
      for await (const page of rows(traceable).byPage(settings)) {
        const opened = await boundedMap(page, concurrency, (row) => open(row as Row & EntityKeys, traceable));
        yield Object.assign(opened, { continuationToken: page.continuationToken });
      }
    } catch (error) {
      end(error);
      throw error;
    } finally {
      end();
    }
  };
  return pagedIterator(pages);
}

function pagedIterator<T extends object>(
  pages: (settings?: PageSettings) => AsyncGenerator<TableEntityResultPage<T>>,
): PagedAsyncIterableIterator<TableEntityResult<T>, TableEntityResultPage<T>> {
  const each = (async function* () {
    for await (const page of pages()) yield* page;
  })();
  return {
    next: () => each.next(),
    [Symbol.asyncIterator]() {
      return this;
    },
    byPage: pages,
  };
}
