/**
 * A stored row with the exact types of its columns, so that writing it again changes none of them. The SDK alone cannot tell the
 * double `3.0` from the integer `3`, nor keep a time finer than milliseconds; the text of the answer and its types can.
 */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient } from '@azure/data-tables';
import { decodeBase64 } from '../../encoding/base64.js';
import type { EntityKeys, Row } from '../entity-context.js';
import { isTyped } from '../stored-value.js';

export interface StoredEntity {
  readonly etag: string;
  /** Columns as the SDK takes them for writing. */
  readonly row: Row & EntityKeys;
}

/** A member of the answer, which holds no objects: its name, and its value if that is a number. */
const MEMBER = /("(?:[^"\\]|\\.)*")\s*:\s*(?:"(?:[^"\\]|\\.)*"|(-?\d[\d.eE+-]*)|true|false|null)/g;
const FRACTION = /[.eE]/;

export async function readStored(
  table: TableClient,
  { partitionKey, rowKey }: EntityKeys,
  options: OperationOptions,
): Promise<StoredEntity> {
  let text = '';
  const row = await table.getEntity<Row>(partitionKey, rowKey, {
    ...options,
    disableTypeConversion: true,
    onResponse: (response, ...rest) => {
      text = response.bodyAsText ?? '';
      options.onResponse?.(response, ...rest);
    },
  });
  const numbers = numbersIn(text);
  const columns = Object.entries(row).map(([name, value]) => [name, exactValue(value, numbers.get(name))]);
  return { etag: row.etag, row: { ...(Object.fromEntries(columns) as Row), partitionKey, rowKey } };
}

/** The numbers of a JSON object, as they are spelled. */
export function numbersIn(text: string): ReadonlyMap<string, string> {
  const members = [...text.matchAll(MEMBER)];
  return new Map(
    members.flatMap(([, name = '""', number]) =>
      number === undefined ? [] : [[JSON.parse(name) as string, number] as const],
    ),
  );
}

/** The SDK guesses the types of strings, booleans and numbers, and gives them as texts. */
function exactValue(value: unknown, number: string | undefined): unknown {
  if (!isTyped(value)) return value;
  if (number !== undefined) return { type: FRACTION.test(number) ? 'Double' : 'Int32', value: Number(number) };
  if (value.type === 'Boolean') return String(value.value) === 'true';
  return value.type === 'String' ? value.value : value;
}

/** The values as the SDK converts them, which is what the application knows. */
export const convertedValues = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, convertedValue(value)]));

function convertedValue(value: unknown): unknown {
  if (!isTyped(value)) return value;
  const text = String(value.value);
  if (value.type === 'Int64') return BigInt(text);
  if (value.type === 'DateTime') return new Date(text);
  if (value.type === 'Int32' || value.type === 'Double') return Number(text);
  return value.type === 'Binary' ? (decodeBase64(text) ?? value) : value;
}
