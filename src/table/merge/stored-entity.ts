/**
 * A stored row with the exact types of its columns, so that writing it again changes none of them. The SDK alone cannot
 * distinguish the double `3.0` from the integer `3`, or keep times finer than milliseconds. The text of the response and its
 * types can.
 */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient } from '@azure/data-tables';
import { UnsupportedOperationError } from '../../errors/input.js';
import type { EntityKeys, Row } from '../entity-context.js';
import { isTyped } from '../stored-value.js';
import { storedRow } from '../service-answer.js';
import { numbersIn } from './json-numbers.js';

export interface StoredEntity {
  readonly etag: string;
  /** Columns as the SDK accepts them for writing. */
  readonly row: Row & EntityKeys;
  /** A column of another SDK that this SDK cannot write, so it would be lost if the row were replaced. */
  readonly unwritable?: string | undefined;
}

/** Names that the SDK takes for those of what the service itself reports, which have capitals. No string has such quotes. */
const UNWRITABLE = /"(timestamp|etag|partitionKey|rowKey|__proto__)"\s*:/;

const FRACTION = /[.eE]/;

export async function readStored(
  table: TableClient,
  keys: EntityKeys,
  options: OperationOptions,
): Promise<StoredEntity> {
  let text = '';
  const row = await storedRow(table, keys, {
    ...options,
    disableTypeConversion: true,
    onResponse: (response, ...rest) => {
      text = response.bodyAsText ?? '';
      options.onResponse?.(response, ...rest);
    },
  });
  const numbers = numbersIn(text);
  const columns = Object.entries(row).map(([name, value]) => [name, exactValue(value, numbers.get(name))]);
  return {
    etag: row.etag,
    unwritable: UNWRITABLE.exec(text)?.[1],
    row: { ...(Object.fromEntries(columns) as Row), partitionKey: keys.partitionKey, rowKey: keys.rowKey },
  };
}

/** The SDK guesses the types of strings, booleans and numbers, and returns them as text. */
function exactValue(value: unknown, number: string | undefined): unknown {
  if (!isTyped(value)) return value;
  if (number !== undefined) return { type: FRACTION.test(number) ? 'Double' : 'Int32', value: Number(number) };
  if (value.type === 'Boolean') return String(value.value) === 'true';
  return value.type === 'String' ? value.value : value;
}

/** The row, if it can be replaced without the loss of a column. Throws `UNSUPPORTED_OPERATION`. */
export function writable({ row, unwritable }: StoredEntity): Row & EntityKeys {
  if (unwritable === undefined) return row;
  throw new UnsupportedOperationError(
    `The row has a column ${JSON.stringify(unwritable)}, which the SDK cannot write: sealing the row again would remove it, so rename it first`,
  );
}
