/**
 * The record that `@Sign()` keeps on an entity class: an own property of the prototype under a registered symbol, like that of
 * `@Encrypt()`.
 */
import { InvalidEntityError } from '../errors/input.js';
import { assertProperty, type EntityClass, isReservedName, prototypesOf } from './encryption-metadata.js';

const RECORD = Symbol.for('nestjs-azure-encrypted-storage/signed-properties');
const NOTHING: ReadonlySet<string> = new Set<string>();

/** Throws {@link InvalidEntityError} for a name that cannot be signed. */
export function recordSignedProperty(prototype: object, propertyKey: string | symbol): void {
  assertProperty('@Sign()', prototype, propertyKey);
  if (isReservedName(propertyKey)) {
    throw new InvalidEntityError(`"${propertyKey}" cannot be signed: keys always are, the rest belongs to the service`);
  }
  const record = new Set([...signedPropertyRecord(prototype), propertyKey]);
  Object.defineProperty(prototype, RECORD, { value: record, configurable: true });
}

/** The signed properties of an entity class, inherited ones first. */
export const signedNamesOf = (entity: EntityClass): ReadonlySet<string> =>
  new Set(prototypesOf(entity).flatMap((prototype) => [...signedPropertyRecord(prototype)]));

/**
 * What is recorded at this prototype, without inherited records. A record is never changed: another property creates a new one.
 */
export function signedPropertyRecord(prototype: object): ReadonlySet<string> {
  if (!Object.hasOwn(prototype, RECORD)) return NOTHING;
  return (prototype as Record<symbol, ReadonlySet<string>>)[RECORD] ?? NOTHING;
}
