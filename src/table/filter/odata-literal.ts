/**
 * Values as literals of a filter, one for each type of the service:
 *
 *     String 'it''s'   Int32 1   Int64 1L   Double 1.0   Boolean true
 *     DateTime datetime'2026-01-02T03:04:05.678Z'   Guid guid'...'   Binary X'00ff'
 */
import { isDate, isUint8Array } from 'node:util/types';
import type { Edm, EdmTypes } from '@azure/data-tables';
import { asBuffer } from '../../crypto/bytes.js';
import { decodeBase64 } from '../../encoding/base64.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { isEdmValue } from '../stored-value.js';

/** Plain values, or an `Edm` object that names the type where a plain value would be interpreted as another. */
export type FilterLiteral = string | number | bigint | boolean | Date | Uint8Array | Edm<EdmTypes>;

const INT32_LIMIT = 2 ** 31;
const INT64_LIMIT = 2n ** 63n;
const INTEGER = /^-?\d+$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/;
const GUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Throws {@link InvalidOptionsError} with the name for a value that has no literal, or does not fit its type. */
export function odataLiteral(name: string, value: unknown): string {
  const literal = literalOf(value);
  if (literal === null)
    throw new InvalidOptionsError([`the filter gives "${name}" a value that the service cannot compare`]);
  return literal;
}

/** The same, or `null` for a value that has no literal. */
export const literalOf = (value: unknown): string | null =>
  isEdmValue(value) ? edmLiteral(value as Edm<EdmTypes>) : plainLiteral(value);

function plainLiteral(value: unknown): string | null {
  if (typeof value === 'string') return stringLiteral(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return int64Literal(value);
  if (typeof value === 'number') return int32Literal(value) ?? doubleLiteral(value);
  if (isDate(value)) return Number.isNaN(value.getTime()) ? null : dateTimeLiteral(value.toISOString());
  return isUint8Array(value) ? binaryLiteral(value) : null;
}

const EDM_LITERALS: Readonly<Record<EdmTypes, (value: unknown) => string | null>> = {
  String: (value) => (typeof value === 'string' ? stringLiteral(value) : null),
  Boolean: (value) => (typeof value === 'boolean' ? String(value) : null),
  Int32: (value) => int32Literal(Number(value)),
  Int64: (value) => (INTEGER.test(String(value)) ? int64Literal(BigInt(String(value))) : null),
  Double: (value) => doubleLiteral(Number(value)),
  DateTime: (value) => dateTimeLiteral(String(value)),
  Guid: (value) => (GUID.test(String(value)) ? `guid'${String(value)}'` : null),
  Binary: (value) => binaryLiteral(decodeBase64(String(value))),
};

const edmLiteral = ({ type, value }: Edm<EdmTypes>): string | null => EDM_LITERALS[type](value);

const stringLiteral = (value: string): string | null =>
  value.isWellFormed() ? `'${value.replaceAll("'", "''")}'` : null;

const int32Literal = (value: number): string | null =>
  Number.isInteger(value) && value >= -INT32_LIMIT && value < INT32_LIMIT ? String(value) : null;

const int64Literal = (value: bigint): string | null =>
  value >= -INT64_LIMIT && value < INT64_LIMIT ? `${value.toString()}L` : null;

/**
 * With a decimal point, because the service would otherwise read an integer, and without an exponent, which not every service
 * accepts.
 */
function doubleLiteral(value: number): string | null {
  if (!Number.isFinite(value)) return null;
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const before = digits.slice(0, Math.max(point, 0)).padEnd(point, '0') || '0';
  const after = (point < 0 ? '0'.repeat(-point) : '') + digits.slice(Math.max(point, 0));
  return `${value < 0 ? '-' : ''}${before}.${after || '0'}`;
}

const dateTimeLiteral = (text: string): string | null => (DATE_TIME.test(text) ? `datetime'${text}'` : null);

const binaryLiteral = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : `X'${asBuffer(bytes).toString('hex')}'`;
