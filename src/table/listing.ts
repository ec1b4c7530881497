/** A listing as the SDK returns it, in a span. */
import type { OperationOptions } from '@azure/core-client';
import type { PagedAsyncIterableIterator } from '@azure/core-paging';
import type { TableEntityResult, TableEntityResultPage } from '@azure/data-tables';
import { startSpan } from '../tracing/span.js';
import type { PageSettings } from './service-answer.js';

/** `list` is called when the first page is requested, with the options of the span. */
export function listing<T extends object>(
  list: (options: OperationOptions, settings: PageSettings) => AsyncGenerator<TableEntityResultPage<T>>,
  options: OperationOptions,
): PagedAsyncIterableIterator<TableEntityResult<T>, TableEntityResultPage<T>> {
  const pages = async function* (settings?: PageSettings): AsyncGenerator<TableEntityResultPage<T>> {
    const { options: traceable, end } = startSpan('EncryptedTableClient.listEntities', options);
    try {
      yield* list(traceable, settings);
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
