/** What `@Encrypt()` records on an entity class. */
import { InvalidEntityError } from '../errors/input.js';
import { callable, choice, groupFaults, type RulesOf } from '../option-rules.js';
import { ClassRecord } from './class-record.js';
import { SEARCHABLE_RULE, type SearchableOptions, searchableFault, TAG_PREFIX } from './searchable.js';

/** Any class. */
export type EntityClass<T extends object = object> = abstract new (...args: never[]) => T;

/** The type of a property; `json` is any JSON value. */
export type EncryptedValueType = 'string' | 'number' | 'bigint' | 'boolean' | 'date' | 'binary' | 'json';

const VALUE_TYPES: readonly EncryptedValueType[] = ['string', 'number', 'bigint', 'boolean', 'date', 'binary', 'json'];

/** The options of `@Encrypt()`. */
export interface EncryptOptions {
  /**
   * Encrypts the property only in entities for which this returns `true`; in the others it stays in plaintext. It gets an
   * instance of the class with the values that a read would return. It is evaluated on reads too: a property in plaintext for
   * which it returns `true` is rejected.
   */
  readonly when?: (entity: never) => boolean;
  /**
   * The only type that the property may have, in addition to `null`. Other values are rejected on writes and on reads. Without
   * it, the value determines the type. To store a string or a number as JSON text, use `json`.
   */
  readonly type?: EncryptedValueType;
  /**
   * The class of the objects in a `json` property. Reads return instances of it; for an array, each item is one. The constructor
   * is not called.
   */
  readonly as?: () => EntityClass;
  /**
   * Lets you find rows by the value: `true`, or options that say how it is compared. Needs `searchKeys`. `false` removes the tags
   * that an earlier release wrote.
   */
  readonly searchable?: boolean | SearchableOptions;
}

/** A property that `@Encrypt()` marks. */
export interface EncryptedProperty {
  readonly propertyKey: string;
  readonly options: EncryptOptions;
}

export const ENCRYPTED = new ClassRecord<ReadonlyMap<string, EncryptOptions>>('encrypted-properties', new Map());

/**
 * Names that can never be sealed, in lower case: the keys, what the service sets, and the two names of the format. Names
 * that begin with `odata.` or like a search tag are reserved too.
 */
const RESERVED = new Set([
  'partitionkey',
  'rowkey',
  'timestamp',
  'etag',
  '_clientencryptionmetadata1',
  '_clientencryptionmetadata2',
  // the SDK would lose it, because it assigns properties to a plain object
  '__proto__',
]);

/** Throws {@link InvalidEntityError} for a name that cannot be sealed. */
export function recordEncryptedProperty(prototype: object, propertyKey: string, options: EncryptOptions): void {
  if (isReservedName(propertyKey)) {
    throw new InvalidEntityError(
      `"${propertyKey}" cannot be encrypted: the service or the format needs it in plaintext`,
    );
  }
  const fault = optionsFault(options) ?? searchableFault(propertyKey, options.searchable, options);
  if (fault !== null) throw new InvalidEntityError(`@Encrypt() of "${propertyKey}" ${fault}`);
  ENCRYPTED.replace(prototype, new Map(ENCRYPTED.at(prototype)).set(propertyKey, { ...options }));
}

export const ENCRYPT: RulesOf<EncryptOptions> = {
  when: callable,
  type: choice(VALUE_TYPES),
  as: callable,
  searchable: SEARCHABLE_RULE,
};

function optionsFault(options: EncryptOptions): string | null {
  if (typeof options !== 'object' || (options as unknown) === null) return 'needs an object of options';
  const faults = groupFaults(ENCRYPT, options);
  if (faults.length > 0) return `has wrong options: ${faults.join('; ')}`;
  return options.as === undefined || options.type === 'json' ? null : 'has "as": set "type" to "json" as well';
}

export const isReservedName = (name: string): boolean =>
  RESERVED.has(name.toLowerCase()) || ['odata.', TAG_PREFIX].some((prefix) => name.toLowerCase().startsWith(prefix));

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
    for (const [propertyKey, options] of ENCRYPTED.at(prototype)) merged.set(propertyKey, options);
  }
  return [...merged].map(([propertyKey, options]) => ({ propertyKey, options }));
}

/** The prototypes of a class, base classes first. */
export const prototypesOf = (entity: EntityClass): readonly object[] => chainOf(entity.prototype as object | null);

/** Names of properties that are sealed at this prototype, own and inherited. */
export const sealedNamesAt = (prototype: object): readonly string[] =>
  chainOf(prototype).flatMap((each) => [...ENCRYPTED.at(each).keys()]);

/** A prototype and those that it inherits from, these first. */
export function chainOf(prototype: object | null): readonly object[] {
  const chain: object[] = [];
  for (let at = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) chain.unshift(at);
  return chain;
}
