/** Turns a listing of stored rows into one of entities. Pages and continuation tokens are those of the SDK. */
import type { OperationOptions } from '@azure/core-client';
import type { PagedAsyncIterableIterator } from '@azure/core-paging';
import type { TableEntityResult, TableEntityResultPage } from '@azure/data-tables';
import { startSpan } from '../tracing/span.js';
import type { EntityKeys, Row } from './entity-context.js';
import type { PageSettings } from './service-answer.js';

export interface Listing<T extends object> {
  /** The stored rows. */
  readonly pages: (settings: PageSettings) => AsyncIterable<TableEntityResultPage<Row>>;
  /** Opens the rows of a page. */
  readonly open: (rows: readonly (Row & EntityKeys)[]) => Promise<TableEntityResult<T>[]>;
}

/** `begin` is called when the first page is requested, with the options of the span. */
export function listing<T extends object>(
  begin: (options: OperationOptions) => Promise<Listing<T>>,
  options: OperationOptions,
): PagedAsyncIterableIterator<TableEntityResult<T>, TableEntityResultPage<T>> {
  const pages = async function* (settings?: PageSettings): AsyncGenerator<TableEntityResultPage<T>> {
    const { options: traceable, end } = startSpan('EncryptedTableClient.listEntities', options);
    try {
      const { pages: stored, open } = await begin(traceable);
      for await (const page of stored(settings)) {
        const opened = await open(page as (Row & EntityKeys)[]);
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

/** Leaving it early ends the page that it is in, and its span. */
function pagedIterator<T extends object>(
  pages: (settings?: PageSettings) => AsyncGenerator<TableEntityResultPage<T>>,
): PagedAsyncIterableIterator<TableEntityResult<T>, TableEntityResultPage<T>> {
  const each = (async function* () {
    for await (const page of pages()) yield* page;
  })();
  const iterator = {
    next: () => each.next(),
    return: () => each.return(),
    [Symbol.asyncIterator]() {
      return this;
    },
    byPage: pages,
  };
  return iterator;
}
