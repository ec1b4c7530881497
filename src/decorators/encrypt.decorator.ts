import { InvalidEntityError } from '../errors/input.js';
import { type EncryptedValueType, recordEncryptedProperty } from './encryption-metadata.js';
import type { FilterableName } from './filterable.js';

type Reserved = 'partitionKey' | 'rowKey' | 'timestamp' | 'etag';
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

/** `true` if one of the declared types can hold a value of the type that is named. */
type CanHold<Value, Type extends EncryptedValueType> = Value extends Held[Type]
  ? true
  : Held[Type] extends Value
    ? true
    : false;

/** No name has it: the compiler prints it where a name was expected. No interface, which declarations of users could not name. */
type Refused<Reason extends string> = Readonly<Record<'reason', Reason>>;

/** The name of a property that can be encrypted, or why this one cannot. */
type EncryptableKey<Entity, Key extends keyof Entity, Type extends EncryptedValueType> = Key extends Reserved
  ? Refused<'keys, timestamp and etag cannot be encrypted'>
  : Key extends FilterableName<Entity>
    ? Refused<'what is listed under Filterable cannot be encrypted'>
    : Encryptable<Entity[Key]> extends never
      ? Refused<'the type of this property is no data that can be stored'>
      : true extends CanHold<Entity[Key], Type>
        ? Key
        : Refused<'this property cannot hold the type given to @Encrypt'>;

/**
 * Marks a property of an entity class: tables store it encrypted. It only records; nothing happens to the class.
 *
 * Subclasses inherit it. `PartialType`, `OmitType` and `PickType` of Nest's mapped types do not carry it over: declare the
 * property again there.
 *
 * Holds a string, number, bigint, boolean, `Date`, `Uint8Array` or JSON value, which comes back as it was stored, or `null`.
 *
 * @param options - `when`: encrypt only in the entities for which this holds; `type`: what the property may hold
 * @throws `INVALID_ENTITY` for keys, `timestamp`, `etag`, `odata.*`, the two reserved names and unknown types; TypeScript refuses
 * the first four
 *
 * @example
 * ```ts
 * import { Encrypt } from 'nestjs-azure-encrypted-storage';
 *
 * export class Patient {
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt() name!: string;
 *   @Encrypt({ type: 'date' }) born!: Date | null;
 *   @Encrypt<Patient>({ when: (patient) => patient.ward === 'private' }) room!: string;
 *   ward!: string;
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- `Owner` types what `when` is given
export function Encrypt<Owner extends object = never, Type extends EncryptedValueType = EncryptedValueType>(
  options: { readonly when?: (entity: Owner) => boolean; readonly type?: Type } = {},
): <Entity extends object, Key extends keyof Entity>(
  target: Entity,
  propertyKey: EncryptableKey<Entity, Key, Type> & Key,
) => void {
  return (target, propertyKey, ...descriptor: readonly unknown[]) => {
    // methods and accessors come with a descriptor; tables store own properties only
    if (descriptor[0] !== undefined) {
      throw new InvalidEntityError(
        `@Encrypt() works on properties: "${String(propertyKey)}" is a method or an accessor`,
      );
    }
    recordEncryptedProperty(target, propertyKey as string | symbol, options);
  };
}
