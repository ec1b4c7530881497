/**
 * The record that `@Encrypt()` keeps on an entity class: an own property of the prototype under a registered symbol, so that it
 * is inherited by subclasses, never leaks into bases, and is the same for both builds of this package.
 */
import { InvalidEntityError } from '../errors/input.js';

/** Any class. */
export type EntityClass<T extends object = object> = abstract new (...args: never[]) => T;

/** What a property may hold; `json` is any JSON value. */
export type EncryptedValueType = 'string' | 'number' | 'bigint' | 'boolean' | 'date' | 'binary' | 'json';

const VALUE_TYPES: readonly unknown[] = ['string', 'number', 'bigint', 'boolean', 'date', 'binary', 'json'];

/** What `@Encrypt()` can be told. */
export interface EncryptOptions {
  /** Encrypts the property only in entities for which this holds; it stays clear in the others. */
  readonly when?: (entity: never) => boolean;
  /**
   * The only type the property may hold, beside `null`: a value of another type is refused. Without it the value tells. A string
   * or a number that is to be stored as JSON text needs `json`.
   */
  readonly type?: EncryptedValueType;
}

/** A property that `@Encrypt()` marks. */
export interface EncryptedProperty {
  readonly propertyKey: string;
  readonly options: EncryptOptions;
}

const RECORD = Symbol.for('nestjs-azure-encrypted-storage/encrypted-properties');

/** Names that can never be sealed, in lower case: keys, what the service sets, and our own two. */
const RESERVED = new Set([
  'partitionkey',
  'rowkey',
  'timestamp',
  'etag',
  '_clientencryptionmetadata1',
  '_clientencryptionmetadata2',
  // the SDK would lose it: it assigns properties to a plain object
  '__proto__',
]);

/** Throws {@link InvalidEntityError} for a name that cannot be sealed. */
export function recordEncryptedProperty(
  prototype: object,
  propertyKey: string | symbol,
  options: EncryptOptions,
): void {
  if (typeof propertyKey !== 'string')
    throw new InvalidEntityError('@Encrypt() works on named properties, not on symbols');
  if (typeof prototype === 'function') {
    throw new InvalidEntityError(`@Encrypt() works on instance properties: make "${propertyKey}" one`);
  }
  if (isReservedName(propertyKey)) {
    throw new InvalidEntityError(`"${propertyKey}" cannot be encrypted: the service or the format needs it in clear`);
  }
  if (options.type !== undefined && !VALUE_TYPES.includes(options.type)) {
    throw new InvalidEntityError(`@Encrypt() of "${propertyKey}" has an unknown type: take ${VALUE_TYPES.join(', ')}`);
  }
  const record = new Map(Object.hasOwn(prototype, RECORD) ? recordOf(prototype) : []);
  record.set(propertyKey, options);
  Object.defineProperty(prototype, RECORD, { value: record, configurable: true });
}

export const isReservedName = (name: string): boolean =>
  RESERVED.has(name.toLowerCase()) || name.toLowerCase().startsWith('odata.');

/**
 * The encrypted properties of an entity class, inherited ones first.
 *
 * @example
 * ```ts
 * import { Encrypt, getEncryptedProperties } from 'nestjs-azure-encrypted-storage';
 *
 * class Patient {
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt() name!: string;
 * }
 *
 * export const names = getEncryptedProperties(Patient).map(({ propertyKey }) => propertyKey); // ['name']
 * ```
 */
export function getEncryptedProperties(entity: EntityClass): readonly EncryptedProperty[] {
  const chain: object[] = [];
  for (let at = entity.prototype as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    chain.unshift(at);
  }
  const merged = new Map<string, EncryptOptions>();
  for (const prototype of chain) {
    if (!Object.hasOwn(prototype, RECORD)) continue;
    for (const [propertyKey, options] of recordOf(prototype)) merged.set(propertyKey, options);
  }
  return [...merged].map(([propertyKey, options]) => ({ propertyKey, options }));
}

const recordOf = (prototype: object): ReadonlyMap<string, EncryptOptions> =>
  (prototype as Record<symbol, ReadonlyMap<string, EncryptOptions>>)[RECORD] ?? new Map<string, EncryptOptions>();
