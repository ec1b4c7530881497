/** What a table does not store, checked before anything is sent, so that the error can name the property. */
import { isDate, isUint8Array } from 'node:util/types';
import { InvalidEntityError, PayloadTooLargeError, UnsupportedValueError } from '../errors/input.js';
import { ENCRYPTION_DATA_PROPERTY, isReservedProperty, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';
import type { Row } from './entity-context.js';
import { isKey, isSystemProperty } from './reserved-names.js';
import { isEdmValue, isTyped, type TypedValue } from './stored-value.js';
import { kindOf } from './values/property-value.js';

/** Limits in bytes for a property and for an entity, and for the number of properties in addition to the keys. */
const PROPERTY_LIMIT = 64 * 1024;
const ENTITY_LIMIT = 1024 * 1024;
const PROPERTY_COUNT_LIMIT = 250;

/** Bytes that the service counts for an entity and for each property, in addition to names and values. */
const ENTITY_OVERHEAD = 4;
const PROPERTY_OVERHEAD = 8;
const SCALAR_LENGTH = 8;
const GUID_LENGTH = 16;
const LENGTH_PREFIX = 4;

/** What the properties that this package adds contain, for errors. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  [ENCRYPTION_DATA_PROPERTY]:
    'The encryption data of the entity, which types and signatures of properties are part of,',
  [SEALED_NAMES_PROPERTY]: 'The list of the names of sealed properties',
};

export function assertFits(row: Row): void {
  const names = Object.keys(row).filter((name) => isSent(name, row[name]));
  assertCount(names);
  let total = ENTITY_OVERHEAD;
  for (const name of names) {
    const value = row[name];
    assertStorable(name, value);
    const length = valueLength(value);
    if (length > PROPERTY_LIMIT)
      throw new PayloadTooLargeError(OWN_NAMES[name] ?? `Property "${name}"`, PROPERTY_LIMIT, length);
    total += isKey(name) ? length : PROPERTY_OVERHEAD + name.length * 2 + length + prefixLength(value);
  }
  if (total > ENTITY_LIMIT) throw new PayloadTooLargeError('The entity', ENTITY_LIMIT, total);
}

/** The SDK refuses some of these values too, but when entries of the row are already in the lookup table, and drops others. */
function assertStorable(name: string, value: unknown): void {
  if (!isOfTable(value)) {
    throw new UnsupportedValueError(
      name,
      `holds ${kindOf(value)} in plaintext, which a table does not store: encrypt it, convert it or leave it out`,
    );
  }
  if (isDate(value) && Number.isNaN(value.getTime()))
    throw new UnsupportedValueError(name, 'holds an invalid Date: give it a time');
  assertFinite(name, isTyped(value) ? value.value : value);
}

const isOfTable = (value: unknown): boolean =>
  typeof value === 'object'
    ? isUint8Array(value) || isDate(value) || isEdmValue(value)
    : typeof value !== 'function' && typeof value !== 'symbol';

/** JSON has `null` for such a number, and a table stores no `null`: the property would be gone. */
function assertFinite(name: string, value: unknown): void {
  if (typeof value !== 'number' || Number.isFinite(value)) return;
  throw new UnsupportedValueError(
    name,
    `holds ${value} in plaintext, which would be lost: pass { type: 'Double', value: '${value}' }`,
  );
}

const isSent = (name: string, value: unknown): boolean =>
  value !== undefined && value !== null && !isSystemProperty(name);

/** The keys and the two properties of the format do not count. */
function assertCount(names: readonly string[]): void {
  if (names.length <= PROPERTY_COUNT_LIMIT) return;
  const own = names.filter((name) => !isKey(name) && !isReservedProperty(name)).length;
  if (own <= PROPERTY_COUNT_LIMIT) return;
  throw new InvalidEntityError(
    `The entity has ${own} properties, more than the ${PROPERTY_COUNT_LIMIT} that a table stores in addition to the keys: split it`,
  );
}

/** Strings are stored as UTF-16, binary values as their bytes. */
function valueLength(value: unknown): number {
  if (isTyped(value)) return typedLength(value);
  if (typeof value === 'string') return value.length * 2;
  return value instanceof Uint8Array ? value.length : SCALAR_LENGTH;
}

function typedLength({ type, value }: TypedValue): number {
  if (type === 'Binary') return Buffer.byteLength(String(value), 'base64');
  if (type === 'String') return String(value).length * 2;
  return type === 'Guid' ? GUID_LENGTH : SCALAR_LENGTH;
}

function prefixLength(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return LENGTH_PREFIX;
  return isTyped(value) && (value.type === 'String' || value.type === 'Binary') ? LENGTH_PREFIX : 0;
}
