/**
 * What represents the value of a signed property in its tag: the value as an application sees it, regardless of its form in the
 * SDK.
 *
 *     1 string    UTF-8                                  5 date      ms since 1970 as i64; finer digits are cut off
 *     2 number    IEEE 754, Int32 and Double alike       6 Guid      its lower-case text
 *     3 bigint    i64                                    7 binary    the bytes
 *     4 boolean   one byte
 *
 * Numbers are big-endian, -0 is 0. Source: docs/formats.md, "Integrity entries".
 */
import { isDate, isUint8Array } from 'node:util/types';
import { decodeBase64 } from '../../encoding/base64.js';
import type { SignedValue } from '../../envelope/integrity/property-tags.js';
import { UnsupportedValueError } from '../../errors/input.js';
import { isTyped, storedValue, type TypedValue } from '../stored-value.js';

const NUMBER_LENGTH = 8;
const INTEGER = /^-?\d+$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
const GUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
/** In bytes. The length of a name takes 16 bits. */
const LONGEST_NAME = 0xffff;

type Reading = SignedValue | null;

/** `null` for a value that cannot be signed, because it does not read back as the same value. */
export function signedValue(value: unknown): Reading {
  if (isDate(value)) return date(value);
  if (isUint8Array(value)) return { type: 7, bytes: value };
  if (isTyped(value)) return typed(value);
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return number(value);
  if (typeof value === 'bigint') return bigint(value);
  return typeof value === 'boolean' ? boolean(value) : null;
}

/**
 * The values of these properties, by name, without those that are not stored. Throws {@link UnsupportedValueError} for the first
 * one that cannot be signed.
 */
export function valuesToSign(
  names: Iterable<string>,
  entity: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, SignedValue> {
  const stored = [...names].filter((name) => Object.hasOwn(entity, name) && storedValue(entity[name]) !== undefined);
  return new Map(stored.map((name) => [name, valueToSign(name, entity[name])]));
}

function valueToSign(name: string, value: unknown): SignedValue {
  const signed = signedValue(value);
  const isName = name.isWellFormed() && Buffer.byteLength(name) <= LONGEST_NAME;
  if (signed !== null && isName) return signed;
  throw new UnsupportedValueError(
    name,
    'is signed, but a table would not return its value unchanged: use a finite number, well-formed text, a valid date or Guid, or 64 bits',
  );
}

const READINGS: Readonly<Record<string, (value: unknown) => Reading>> = {
  String: (value) => (typeof value === 'string' ? text(value) : null),
  Int32: numeric,
  Double: numeric,
  Int64: (value) => (INTEGER.test(String(value)) ? bigint(BigInt(String(value))) : null),
  Boolean: (value) => (['true', 'false'].includes(String(value)) ? boolean(String(value) === 'true') : null),
  DateTime: (value) => {
    if (isDate(value)) return date(value);
    return typeof value === 'string' && TIME.test(value) ? date(new Date(value)) : null;
  },
  Guid: (value) =>
    typeof value === 'string' && GUID.test(value) ? { type: 6, bytes: Buffer.from(value.toLowerCase()) } : null,
  Binary: (value) => {
    const bytes = typeof value === 'string' ? decodeBase64(value) : value;
    return isUint8Array(bytes) ? { type: 7, bytes } : null;
  },
};

const typed = ({ type, value }: TypedValue): Reading =>
  Object.hasOwn(READINGS, type) ? (READINGS[type]?.(value) ?? null) : null;

const text = (value: string): Reading => (value.isWellFormed() ? { type: 1, bytes: Buffer.from(value, 'utf8') } : null);

function numeric(value: unknown): Reading {
  if (typeof value === 'number') return number(value);
  return typeof value === 'string' && DECIMAL.test(value) ? number(Number(value)) : null;
}

function number(value: number): Reading {
  if (!Number.isFinite(value)) return null;
  const bytes = Buffer.alloc(NUMBER_LENGTH);
  bytes.writeDoubleBE(value === 0 ? 0 : value);
  return { type: 2, bytes };
}

function bigint(value: bigint): Reading {
  return BigInt.asIntN(64, value) === value ? { type: 3, bytes: wide(value) } : null;
}

const boolean = (value: boolean): Reading => ({ type: 4, bytes: Buffer.of(value ? 1 : 0) });

function date(value: Date): Reading {
  const time = value.getTime();
  return Number.isNaN(time) ? null : { type: 5, bytes: wide(BigInt(time)) };
}

function wide(value: bigint): Buffer {
  const bytes = Buffer.alloc(NUMBER_LENGTH);
  bytes.writeBigInt64BE(value);
  return bytes;
}
