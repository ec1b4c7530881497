/**
 * What a rewrap and its census request from storage, with the SDK alone and without cryptography: a listing with
 * metadata, a write of each object under its ETag, and the listing again. A job cannot be cheaper with the SDK's own
 * calls, unless it implements listing itself.
 */
import type { ContainerClient } from '@azure/storage-blob';
import type { TableClient, TransactionAction } from '@azure/data-tables';

const AT_ONCE = 16;
const TRANSACTION = 100;
const COLUMN = '_ClientEncryptionMetadata1';
const SELECT = ['PartitionKey', 'RowKey', COLUMN, '_ClientEncryptionMetadata2'];

/** The number of objects. */
export async function plainBlobs(container: ContainerClient): Promise<number> {
  let seen = 0;
  for await (const { segment } of container.listBlobsFlat({ includeMetadata: true }).byPage()) {
    seen += segment.blobItems.length;
    await inLanes(segment.blobItems, async ({ name, metadata, properties: { etag } }) => {
      await container.getBlockBlobClient(name).setMetadata({ ...metadata }, { conditions: { ifMatch: `"${etag}"` } });
    });
  }
  await toTheEnd(container.listBlobsFlat({ includeMetadata: true }).byPage());
  return seen;
}

/** The number of objects. */
export async function plainRows(table: TableClient): Promise<number> {
  const pages = () => table.listEntities({ queryOptions: { select: SELECT }, disableTypeConversion: true }).byPage();
  let seen = 0;
  for await (const rows of pages()) {
    seen += rows.length;
    const actions = rows.map(({ partitionKey, rowKey, etag, [COLUMN]: text }): TransactionAction => {
      const patch = { partitionKey: partitionKey!, rowKey: rowKey!, [COLUMN]: text };
      return ['update', patch, 'Merge', { etag }];
    });
    const transactions = Array.from({ length: Math.ceil(actions.length / TRANSACTION) }, (_, at) =>
      actions.slice(at * TRANSACTION, (at + 1) * TRANSACTION),
    );
    await inLanes(transactions, (transaction) => table.submitTransaction(transaction));
  }
  await toTheEnd(pages());
  return seen;
}

async function toTheEnd(pages: AsyncIterator<unknown>): Promise<void> {
  while ((await pages.next()).done !== true);
}

async function inLanes<Item>(items: readonly Item[], task: (item: Item) => Promise<unknown>): Promise<void> {
  const left = [...items].reverse();
  const lane = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await task(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
