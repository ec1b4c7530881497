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

/** What `@Encrypt()` takes. */
export interface EncryptOptions {
  /**
   * Encrypts the property only in entities for which this holds; it stays clear in the others. It gets an instance of the class
   * that holds what a read would give, and is evaluated on reads too: a property in clear for which it holds is refused.
   */
  readonly when?: (entity: never) => boolean;
  /**
   * The only type that the property may hold, besides `null`: other values are refused, on writes and on reads. Without it the
   * value decides. A string or a number that is to be stored as JSON text needs `json`.
   */
  readonly type?: EncryptedValueType;
  /**
   * The class of the objects in a `json` property: a read gives instances of it, in an array of each item. Its constructor is not
   * called.
   */
  readonly as?: () => EntityClass;
}

/** A property that `@Encrypt()` marks. */
export interface EncryptedProperty {
  readonly propertyKey: string;
  readonly options: EncryptOptions;
}

const OPTIONS = ['when', 'type', 'as'];
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
  const fault = optionsFault(options);
  if (fault !== null) throw new InvalidEntityError(`@Encrypt() of "${propertyKey}" ${fault}`);
  const record = new Map(encryptedPropertyRecord(prototype));
  record.set(propertyKey, { ...options });
  Object.defineProperty(prototype, RECORD, { value: record, configurable: true });
}

function optionsFault(options: EncryptOptions): string | null {
  if (typeof options !== 'object' || (options as unknown) === null) return 'needs an object of options';
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) return `has no option "${unknown}": it takes ${OPTIONS.join(', ')}`;
  const { type, when, as } = options;
  if (type !== undefined && !VALUE_TYPES.includes(type)) return `has an unknown type: take ${VALUE_TYPES.join(', ')}`;
  if (!isOptionalFunction(when)) return 'needs a function under "when"';
  if (!isOptionalFunction(as)) return 'needs a function that returns the class under "as"';
  return as === undefined || type === 'json' ? null : 'has "as": set "type" to "json" as well';
}

const isOptionalFunction = (value: unknown): boolean => value === undefined || typeof value === 'function';

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
  const merged = new Map<string, EncryptOptions>();
  for (const prototype of prototypesOf(entity)) {
    for (const [propertyKey, options] of encryptedPropertyRecord(prototype)) merged.set(propertyKey, options);
  }
  return [...merged].map(([propertyKey, options]) => ({ propertyKey, options }));
}

/** The prototypes of a class, that of its base before its own. */
export const prototypesOf = (entity: EntityClass): readonly object[] => chainOf(entity.prototype as object | null);

/** Names that are sealed at this prototype, its own and inherited ones. */
export const sealedNamesAt = (prototype: object): readonly string[] =>
  chainOf(prototype).flatMap((each) => [...encryptedPropertyRecord(each).keys()]);

function chainOf(prototype: object | null): readonly object[] {
  const chain: object[] = [];
  for (let at = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) chain.unshift(at);
  return chain;
}

const NOTHING: ReadonlyMap<string, EncryptOptions> = new Map<string, EncryptOptions>();

/** What is recorded at this prototype alone. Never changed: another property makes another record. */
export function encryptedPropertyRecord(prototype: object): ReadonlyMap<string, EncryptOptions> {
  if (!Object.hasOwn(prototype, RECORD)) return NOTHING;
  return (prototype as Record<symbol, ReadonlyMap<string, EncryptOptions>>)[RECORD] ?? NOTHING;
}
