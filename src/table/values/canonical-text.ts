/**
 * The one text that represents a value of each type, as other SDKs read it. docs/tables.md, "Typed values", lists them.
 *
 *     number    shortest decimal that reads back the same; -0, NaN, Infinity, -Infinity
 *     bigint    decimal digits                              boolean   true, false
 *     date      ISO 8601 in UTC with milliseconds           binary    base64
 *     json      compact JSON                                null      empty
 */
import { isDate, isUint8Array } from 'node:util/types';
import { asBuffer } from '../../crypto/bytes.js';
import type { PropertyType } from '../../wire/property-types.js';
import { isEdmValue } from '../stored-value.js';
import { jsonText, type Refuse } from './json-text.js';

interface CanonicalText {
  holds(value: unknown): boolean;
  /** Only called with values that it holds. */
  write(value: never, refuse: Refuse): string;
  /** Throws for a text that is not canonical, or returns a value that is written differently. */
  read(text: string): unknown;
}

const INTEGER = /^-?\d+$/;

export const canonicalTexts: Readonly<Record<PropertyType, CanonicalText>> = {
  string: {
    holds: (value) => typeof value === 'string',
    write: (value: string, refuse) =>
      value.isWellFormed() ? value : refuse('is not valid Unicode: it contains half a surrogate pair'),
    read: (text) => text,
  },
  number: {
    holds: (value) => typeof value === 'number',
    write: (value: number) => (Object.is(value, -0) ? '-0' : String(value)),
    read: Number,
  },
  bigint: {
    holds: (value) => typeof value === 'bigint',
    write: String,
    read: (text) => (INTEGER.test(text) ? BigInt(text) : undefined),
  },
  boolean: { holds: (value) => typeof value === 'boolean', write: String, read: (text) => text === 'true' },
  date: {
    holds: isDate,
    write: (value: Date, refuse) =>
      Number.isNaN(value.getTime()) ? refuse('holds an invalid Date: give it a time') : value.toISOString(),
    read: (text) => new Date(text),
  },
  binary: {
    holds: isUint8Array,
    write: (value: Uint8Array) => asBuffer(value).toString('base64'),
    read: (text) => Buffer.from(text, 'base64'),
  },
  json: { holds: () => true, write: jsonText, read: JSON.parse },
  null: { holds: (value) => value === null, write: () => '', read: () => null },
};

/** The type that a value is written as. `undefined` for values that no type can hold, and for the SDK's own typed values. */
export function typeOf(value: unknown): PropertyType | undefined {
  const isJson = typeof value === 'object' && !isEdmValue(value);
  const types: readonly PropertyType[] = ['null', 'string', 'number', 'bigint', 'boolean', 'date', 'binary'];
  return types.find((type) => canonicalTexts[type].holds(value)) ?? (isJson ? 'json' : undefined);
}
