import { decoratedName, type DecoratedNames, type Refused } from './decorated-property.js';
import { type EncryptedValueType, type EntityClass, recordEncryptedProperty } from './encryption-metadata.js';
import type { FilterableName } from './filterable.js';
import { assertParentheses } from './parentheses.js';
import type { SearchableOptions } from './searchable.js';

type Uncontained =
  ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | Promise<unknown> | symbol | ((...args: never[]) => unknown);
type Encryptable<Value> = Exclude<Value, null | undefined> extends Uncontained ? never : Value;

interface Held {
  string: string;
  number: number;
  bigint: bigint;
  boolean: boolean;
  date: Date;
  binary: Uint8Array;
  json: unknown;
}

/** `true` if one of the declared types can hold a value of the named type. */
type CanHold<Value, Type extends EncryptedValueType> = Value extends Held[Type]
  ? true
  : Held[Type] extends Value
    ? true
    : false;

type Tagged = string | number | bigint | Date | Uint8Array;

/** Whether values of a property have tags: not booleans and JSON, unless `of` says what is compared. */
type CanBeSearched<Value, Search> = boolean extends Search
  ? true
  : Search extends false | undefined
    ? true
    : Search extends { readonly of: (value: infer Given) => unknown }
      ? Value extends Given
        ? true
        : false
      : Value extends Tagged
        ? true
        : unknown extends Value
          ? true
          : false;

/** The name of a property that can be encrypted, or the reason why it cannot. */
type EncryptableKey<
  Entity,
  Key extends keyof Entity,
  Type extends EncryptedValueType,
  Search,
> = Key extends DecoratedNames['reserved']
  ? Refused<'keys, timestamp and etag cannot be encrypted'>
  : Key extends FilterableName<Entity>
    ? Refused<'what is listed under Filterable cannot be encrypted'>
    : Encryptable<Entity[Key]> extends never
      ? Refused<'values of this type cannot be stored'>
      : true extends CanHold<Entity[Key], Type>
        ? false extends CanBeSearched<Exclude<Entity[Key], null | undefined>, Search>
          ? Refused<'give "searchable.of" a function of this property, which says what is searched'>
          : Key
        : Refused<'this property cannot hold the type given to @Encrypt'>;

/**
 * Marks a property of an entity class, so that tables store it encrypted. The decorator only records the property and does not
 * change the class.
 *
 * Subclasses inherit the mark. The classes of Nest's mapped types (`PartialType`, `OmitType`, `PickType`, `IntersectionType`) do
 * not: see {@link EncryptedEntity}.
 *
 * The property may be a string, number, bigint, boolean, `Date`, `Uint8Array`, JSON value or `null`. Reads return the value that
 * you stored.
 *
 * @param options - `when`: encrypt only in entities for which this returns `true`; `type`: the type of the property; `as`: the
 * class of the objects in a `json` property; `searchable`: find rows by this property ({@link Searchable})
 * @throws `INVALID_ENTITY` for keys, `timestamp`, `etag`, `odata.*`, the two reserved names, unknown types and unknown options.
 * TypeScript rejects most of them.
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
 *
 * class Address {
 *   street!: string;
 *   city!: string;
 * }
 *
 * @EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
 * export class Patient {
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt() name!: string;
 *   @Encrypt({ type: 'date' }) born!: Date | null;
 *   @Encrypt({ type: 'json', as: () => Address }) address!: Address;
 *   @Encrypt<Patient>({ when: (patient) => patient.ward === 'private' }) room!: string;
 *   ward!: string;
 * }
 * ```
 */
export function Encrypt<
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- types what `when` is given
  Owner extends object = never,
  Type extends EncryptedValueType = EncryptedValueType,
  Search extends boolean | SearchableOptions = boolean | SearchableOptions,
>(
  options: {
    readonly when?: (entity: Owner) => boolean;
    readonly type?: Type;
    readonly as?: () => EntityClass;
    readonly searchable?: Search;
  } = {},
): <Entity extends object, Key extends keyof Entity>(
  target: Entity,
  propertyKey: EncryptableKey<Entity, Key, Type, Search> & Key,
) => void {
  // eslint-disable-next-line prefer-rest-params -- a rest parameter would be part of the public signature
  assertParentheses('@Encrypt()', arguments, 1);
  return (target, propertyKey, ...descriptor: readonly unknown[]) => {
    recordEncryptedProperty(target, decoratedName('@Encrypt()', target, [propertyKey, ...descriptor]), options);
  };
}
