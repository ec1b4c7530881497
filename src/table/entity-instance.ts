/** Entities as the application sees them: instances of their class, with the values that a read gives. */
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { decodeBase64 } from '../encoding/base64.js';
import { isReservedProperty } from '../wire/entity-metadata.js';
import type { Row } from './entity-context.js';
import { isTyped } from './stored-value.js';

const INTEGER = /^-?\d+$/;

/** An instance that holds these values, its constructor not called: that could set what was not stored. */
export function instanceOf(itemClass: EntityClass, values: object): object {
  const instance = Object.create(itemClass.prototype as object) as object;
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(instance, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return instance;
}

/** The entity of a row: all but what the format adds to it. */
export const entityOf = (entityClass: EntityClass, row: Row): object =>
  instanceOf(entityClass, Object.fromEntries(Object.entries(row).filter(([name]) => !isReservedProperty(name))));

/** The values as the SDK converts them, which is what the application knows. */
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
