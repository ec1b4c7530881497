import { decoratedName, type DecoratedNames, type Refused } from './decorated-property.js';
import { assertParentheses } from './parentheses.js';
import { recordSignedProperty } from './signing-metadata.js';

/** What a table stores in plaintext, including the SDK's typed values. */
type Storable =
  string | number | bigint | boolean | Date | Uint8Array | { readonly type: string; readonly value: unknown };

/** `unknown` can hold such a value too. */
type CanBeStored<Value> = [Value] extends [Storable] ? true : [Storable] extends [Value] ? true : false;

/** The name of a property that can be signed, or the reason why it cannot. */
type SignableKey<Entity, Key extends keyof Entity> = Key extends DecoratedNames['reserved']
  ? Refused<'keys are always signed; timestamp and etag belong to the service'>
  : true extends CanBeStored<Exclude<Entity[Key], null | undefined>>
    ? Key
    : Refused<'a table stores no value of this type in plaintext'>;

/**
 * Marks a property of an entity class that is stored in plaintext and that only this package may change. You can filter by it,
 * and reads detect every change that anyone else made to it. It does not have to be listed under `clear` of `@EncryptedEntity()`.
 * Properties marked with `@Encrypt()` do not need it.
 *
 * Subclasses inherit the mark. All classes and releases that write a table must sign the same properties: a merge through a class
 * that does not sign what another one signs makes the row unreadable. Signing another property of existing rows is a migration.
 *
 * The property may be a string, a finite number, a bigint of 64 bits, a boolean, a `Date`, a `Uint8Array`, or a typed value of
 * the SDK. A date is signed to the millisecond; finer digits are not covered.
 *
 * @throws `INVALID_ENTITY` for keys, `timestamp`, `etag`, `odata.*`, the two reserved names, and anything that is not a property.
 * TypeScript rejects most of them. Writes throw `UNSUPPORTED_VALUE` for a value that cannot be signed.
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity, Filterable, Sign } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity<Invoice>({ table: 'invoices', clear: ['note'] })
 * export class Invoice {
 *   [Filterable]?: 'status' | 'cents';
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt() iban!: string;
 *   @Sign() status!: 'open' | 'paid';
 *   @Sign() cents!: number;
 *   note?: string;
 * }
 * ```
 */
export function Sign(): <Entity extends object, Key extends keyof Entity>(
  target: Entity,
  propertyKey: SignableKey<Entity, Key> & Key,
) => void {
  // eslint-disable-next-line prefer-rest-params -- a rest parameter would be part of the public signature
  assertParentheses('@Sign()', arguments, 0);
  return (target, propertyKey, ...descriptor: readonly unknown[]) => {
    recordSignedProperty(target, decoratedName('@Sign()', target, [propertyKey, ...descriptor]));
  };
}
