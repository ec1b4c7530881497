/** Entities as the application sees them: instances of their class, with the values that a read returns. */
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { decodeBase64 } from '../encoding/base64.js';
import { isReservedProperty } from '../wire/entity-metadata.js';
import type { Row } from './entity-context.js';
import { isTyped } from './stored-value.js';

const INTEGER = /^-?\d+$/;

/** An instance with these values. Its constructor is not called, because it could set properties that were not stored. */
export function instanceOf(itemClass: EntityClass, values: object): object {
  const instance = Object.create(itemClass.prototype as object) as object;
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(instance, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return instance;
}

/** The entity of a row: everything except what the format adds. */
export const entityOf = (entityClass: EntityClass, row: Row): object =>
  instanceOf(entityClass, Object.fromEntries(Object.entries(row).filter(([name]) => !isReservedProperty(name))));

/** The values after the SDK's type conversion, as the application sees them. */
export const convertedValues = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, convertedValue(value)]));

const CONVERSIONS: Readonly<Record<string, (text: string) => unknown>> = {
  Int64: (text) => (INTEGER.test(text) ? BigInt(text) : undefined),
  DateTime: (text) => new Date(text),
  Int32: Number,
  Double: Number,
  Boolean: (text) => text === 'true',
  String: (text) => text,
  Binary: (text) => decodeBase64(text) ?? undefined,
};

function convertedValue(value: unknown): unknown {
  if (!isTyped(value) || !Object.hasOwn(CONVERSIONS, value.type)) return value;
  return CONVERSIONS[value.type]?.(String(value.value)) ?? value;
}
