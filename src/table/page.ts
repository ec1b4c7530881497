/** The rows of a page, opened side by side; those that cannot be decrypted are left out where somebody is told of them. */
import type { TableClient } from '@azure/data-tables';
import { isForHandler } from '../envelope/content-fault.js';
import type { EncryptedStorageError } from '../errors/base.js';
import { boundedMap } from '../streams/bounded-map.js';
import type { EntityKeys, Row } from './entity-context.js';

/** A row that was left out of a listing because it could not be decrypted. */
export interface TableDecryptionFailure extends EntityKeys {
  /** As stored, with what was asked for and the encryption data: sealed properties are ciphertext. */
  readonly row: Readonly<Record<string, unknown>>;
  readonly error: EncryptedStorageError;
  readonly tableName: string;
  /** The plain client, to look at the row, to delete it or to move it elsewhere. */
  readonly table: TableClient;
}

/** Told of each row that cannot be decrypted, in the order of the page. What it throws rejects the call. */
export type TableDecryptionFailedHandler = (failure: TableDecryptionFailure) => void | Promise<void>;

export interface PageOpening<Result> {
  readonly table: TableClient;
  /** Rows that are opened at once. */
  readonly concurrency: number;
  readonly open: (row: Row & EntityKeys) => Promise<Result>;
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
}

export async function openPage<Result>(
  rows: readonly (Row & EntityKeys)[],
  { table, concurrency, open, onDecryptionFailed }: PageOpening<Result>,
): Promise<Result[]> {
  if (onDecryptionFailed === undefined) return boundedMap(rows, concurrency, open);
  const outcomes = await boundedMap(rows, concurrency, (row) => outcomeOf(row, open));
  const opened: Result[] = [];
  for (const outcome of outcomes) {
    if ('result' in outcome) opened.push(outcome.result);
    else {
      const { row, error } = outcome;
      const { partitionKey, rowKey } = row;
      await onDecryptionFailed({ partitionKey, rowKey, row, error, tableName: table.tableName, table });
    }
  }
  return opened;
}

async function outcomeOf<Result>(
  row: Row & EntityKeys,
  open: (row: Row & EntityKeys) => Promise<Result>,
): Promise<{ readonly result: Result } | { readonly row: Row & EntityKeys; readonly error: EncryptedStorageError }> {
  try {
    return { result: await open(row) };
  } catch (error) {
    if (!isForHandler(error)) throw error;
    return { row, error };
  }
}
