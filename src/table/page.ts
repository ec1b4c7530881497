/**
 * The rows of a page, opened concurrently. Rows that cannot be decrypted are left out if there is a handler to report them to.
 */
import type { TableClient } from '@azure/data-tables';
import { isForHandler } from '../envelope/content-fault.js';
import type { EncryptedStorageError } from '../errors/base.js';
import { boundedMap } from '../streams/bounded-map.js';
import type { EntityKeys, Row } from './entity-context.js';

/** A row that was left out of a listing because it could not be decrypted. */
export interface TableDecryptionFailure extends EntityKeys {
  /** The row as stored, with the requested columns and the encryption data. Sealed properties are ciphertext. */
  readonly row: Readonly<Record<string, unknown>>;
  readonly error: EncryptedStorageError;
  readonly tableName: string;
  /** The plain client, to look at the row, delete it or move it. Not enumerable: a log would show the key that it connects with. */
  readonly table: TableClient;
}

/** Called with each row that cannot be decrypted, in the order of the page. An error that it throws makes the call reject. */
export type TableDecryptionFailedHandler = (failure: TableDecryptionFailure) => void | Promise<void>;

interface PageOpening<Result> {
  readonly table: TableClient;
  /** Number of rows that are opened at once. */
  readonly concurrency: number;
  /** `null` leaves the row out. */
  readonly open: (row: Row & EntityKeys) => Promise<Result | null>;
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
}

export async function openPage<Result>(
  rows: readonly (Row & EntityKeys)[],
  { table, concurrency, open, onDecryptionFailed }: PageOpening<Result>,
): Promise<Result[]> {
  const failures = new Map<Row & EntityKeys, EncryptedStorageError>();
  const openOrNote = (row: Row & EntityKeys): Promise<Result | null> =>
    open(row).catch((error: unknown) => {
      if (!isForHandler(error)) throw error;
      failures.set(row, error);
      return null;
    });
  const results = await boundedMap(rows, concurrency, onDecryptionFailed === undefined ? open : openOrNote);
  for (const row of rows) {
    const error = failures.get(row);
    if (error !== undefined) await onDecryptionFailed?.(failureOf(row, error, table));
  }
  return results.filter((result): result is Result => result !== null);
}

function failureOf(row: Row & EntityKeys, error: EncryptedStorageError, table: TableClient): TableDecryptionFailure {
  const { partitionKey, rowKey } = row;
  const failure = { partitionKey, rowKey, row, error, tableName: table.tableName };
  return Object.defineProperty(failure, 'table', { value: table }) as unknown as TableDecryptionFailure;
}
