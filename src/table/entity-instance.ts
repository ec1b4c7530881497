/** Entities as the application sees them: instances of their class, with the values that a read returns. */
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { decodeBase64 } from '../encoding/base64.js';
import type { Row } from './entity-context.js';
import { namesInEntity } from './key-names.js';
import { isReservedColumn } from './reserved-names.js';
import { isTyped } from './stored-value.js';

const INTEGER = /^-?\d+$/;

/** An instance with these values. Its constructor is not called, because it could set properties that were not stored. */
export const instanceOf = (itemClass: EntityClass, values: object): object =>
  withPrototype(Object.fromEntries(Object.entries(values)), itemClass);

/** Changes the object itself: a new object that gets twenty properties or more one by one takes seven times the memory. */
const withPrototype = (values: object, entityClass: EntityClass): object =>
  Object.setPrototypeOf(values, entityClass.prototype as object) as object;

/** Sets a property of the object itself, never of its prototype: by assignment if that cannot call a setter. */
export function define(target: object, name: string, value: unknown): void {
  if (!(name in target) || Object.hasOwn(target, name)) (target as Record<string, unknown>)[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

const NOTHING: ReadonlyMap<string, unknown> = new Map<string, unknown>();

/**
 * The entity of a row: everything except what the format adds, with keys under the names of the class, and with opened values
 * instead of sealed ones.
 */
export function entityOf(entityClass: EntityClass, row: Row, opened: ReadonlyMap<string, unknown> = NOTHING): object {
  const nameOf = namesInEntity(entityClass);
  const values: [name: string, value: unknown][] = [];
  for (const column of Object.keys(row)) {
    const name = isReservedColumn(column) ? null : nameOf(column);
    if (name !== null) values.push([name, opened.has(column) ? opened.get(column) : row[column]]);
  }
  return withPrototype(Object.fromEntries(values), entityClass);
}

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
