/** Rows from a projection: keys, ETag, and the columns that describe their encryption. */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient } from '@azure/data-tables';
import type { MaintainedObject, MaintainedPage, WalkOptions } from '../../envelope/maintenance/maintained.js';
import { type StoredState, storedState } from '../../envelope/maintenance/stored-state.js';
import { InvalidServiceResponseError } from '../../errors/transfer.js';
import { TimeSlice } from '../../streams/time-slice.js';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../wire/entity-metadata.js';
import type { EntityKeys, Row } from '../entity-context.js';
import { KEY_COLUMNS } from '../reserved-names.js';
import { storedPages, storedRow } from '../service-answer.js';
import { storedValue } from '../stored-value.js';

export interface ListedRow extends MaintainedObject, EntityKeys {
  readonly etag: string;
  /** The text of the encryption data. */
  readonly text: string | undefined;
}

/** Number of rows in a page. The SDK parses a page in one go: the service's 1,000 rows would block the event loop for 20 ms. */
const PAGE_SIZE = 500;
const COLUMNS = [...KEY_COLUMNS, ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY];

export async function* listedRows(
  table: TableClient,
  { from, namesOnly = false, abortSignal }: WalkOptions,
): AsyncGenerator<MaintainedPage<ListedRow>> {
  const options = {
    queryOptions: { select: namesOnly ? KEY_COLUMNS : COLUMNS },
    disableTypeConversion: true,
    abortSignal,
  };
  const settings = { maxPageSize: PAGE_SIZE, continuationToken: from };
  const slice = new TimeSlice();
  for await (const page of storedPages(table, options, settings)) {
    const { continuationToken: next } = page;
    const objects: ListedRow[] = [];
    for (const row of page) {
      while (slice.isSpent) await slice.breathe();
      objects.push(listedRow(row));
    }
    yield { objects, next: next === '' ? undefined : next };
  }
}

export async function lookAtRow(
  table: TableClient,
  { partitionKey, rowKey }: EntityKeys,
  { abortSignal, tracingOptions }: Pick<OperationOptions, 'abortSignal' | 'tracingOptions'>,
): Promise<ListedRow> {
  const options = {
    queryOptions: { select: COLUMNS },
    disableTypeConversion: true,
    abortSignal,
    tracingOptions,
  };
  return listedRow(await storedRow(table, { partitionKey, rowKey }, options));
}

/** Without an ETag a write would not be conditional, and would overwrite what others wrote in the meantime. */
function listedRow(row: Row): ListedRow {
  const { partitionKey, rowKey, etag } = row;
  if (typeof etag !== 'string' || etag === '' || etag === '*') {
    throw new InvalidServiceResponseError('has an entity without ETag');
  }
  const keys = { partitionKey: partitionKey as string, rowKey: rowKey as string };
  const text = storedValue(row[ENCRYPTION_DATA_PROPERTY]);
  return {
    ...keys,
    etag,
    text: typeof text === 'string' ? text : undefined,
    name: nameOfRow(keys),
    place: 'row',
    state: rowState(text, storedValue(row[SEALED_NAMES_PROPERTY])),
  };
}

/** The state of a row, from its two reserved properties. */
export function rowState(text: unknown, sealedNames: unknown): StoredState {
  if (typeof text === 'string') return storedState(text);
  return { kind: text === undefined && sealedNames === undefined ? 'plain' : 'damaged' };
}

/** Both keys as one text, unique to the row. */
export const nameOfRow = ({ partitionKey, rowKey }: EntityKeys): string => JSON.stringify([partitionKey, rowKey]);
