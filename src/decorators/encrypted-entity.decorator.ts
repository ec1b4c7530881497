import { InvalidEntityError } from '../errors/input.js';
import type { DecoratedNames } from './decorated-property.js';
import type { EntityClass } from './encryption-metadata.js';
import { recordDeclaration } from './entity-declaration.js';
import { PARENTHESES_ADVICE } from './parentheses.js';
import { isStandardCall, STANDARD_CALL_ADVICE } from './standard-decorators.js';

/** The names that a class can store in plaintext. If no class is given, a reason for the compiler to print. */
type ClearName<Entity> = [keyof Entity] extends [never]
  ? Readonly<Record<'reason', 'name the class, as in @EncryptedEntity<Patient>({ ... })'>>
  : Exclude<keyof Entity & string, DecoratedNames['reserved']>;

/** The options of `@EncryptedEntity()`. */
export interface EncryptedEntityOptions<Entity extends object = object> {
  /**
   * The table of the entities: 3 to 63 letters and digits, beginning with a letter. A feature or a call may name another table,
   * and must do so if you leave this out. The name of the class is never used, because bundlers change it.
   */
  readonly table?: string;
  /**
   * The properties that are stored in plaintext, in addition to the keys. If `requireEncryption` is on, a property that is
   * neither in this list nor marked with `@Encrypt()` is rejected. `'*'` stores everything that is not sealed in plaintext; use
   * it for wide rows and for tables of other applications.
   *
   * @defaultValue none
   */
  readonly clear?: '*' | readonly ClearName<Entity>[];
}

/**
 * Declares an entity class: its table, and which of its properties are stored in plaintext. Every class of a table client needs it.
 *
 * Subclasses inherit the declaration, and their own `clear` list adds to the inherited one. The classes made by `PartialType`,
 * `OmitType`, `PickType` and `IntersectionType` of Nest's mapped types are not subclasses, so they lose `@Encrypt()` and this
 * declaration. Use them for request bodies, and pass their objects to the table client of the entity class itself.
 *
 * @typeParam Entity - the class, so that the compiler can check the names under `clear`
 * @throws `INVALID_ENTITY` for a property that is both sealed and listed under `clear`, for reserved names and for unknown
 * options
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity<Patient>({ table: 'patients', clear: ['ward', 'admitted'] })
 * export class Patient {
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt() name!: string;
 *   ward!: string;
 *   admitted!: Date;
 * }
 * ```
 */
export function EncryptedEntity<Entity extends object = object>(
  options: EncryptedEntityOptions<Entity> = {},
): (target: EntityClass<Entity>) => void {
  if (typeof (options as unknown) === 'function')
    throw new InvalidEntityError(`@EncryptedEntity() ${PARENTHESES_ADVICE}`);
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null)
    throw new InvalidEntityError('@EncryptedEntity() needs its options as an object');
  return (target: EntityClass, ...rest: readonly unknown[]) => {
    if (isStandardCall(rest[0])) throw new InvalidEntityError(`@EncryptedEntity() ${STANDARD_CALL_ADVICE}`);
    if (typeof (target as unknown) !== 'function') throw new InvalidEntityError('@EncryptedEntity() works on classes');
    recordDeclaration(target, options as { readonly table?: string; readonly clear?: '*' | readonly string[] });
  };
}
