/** What `@Sign()` records on an entity class. */
import { InvalidEntityError } from '../errors/input.js';
import { ClassRecord } from './class-record.js';
import { type EntityClass, isReservedName, prototypesOf } from './encryption-metadata.js';

export const SIGNED = new ClassRecord<ReadonlySet<string>>('signed-properties', new Set());

/** Throws {@link InvalidEntityError} for a name that cannot be signed. */
export function recordSignedProperty(prototype: object, propertyKey: string): void {
  if (isReservedName(propertyKey)) {
    throw new InvalidEntityError(`"${propertyKey}" cannot be signed: keys always are, the rest belongs to the service`);
  }
  SIGNED.replace(prototype, new Set(SIGNED.at(prototype)).add(propertyKey));
}

/** The signed properties of an entity class, inherited ones first. */
export const signedNamesOf = (entity: EntityClass): ReadonlySet<string> =>
  new Set(prototypesOf(entity).flatMap((prototype) => [...SIGNED.at(prototype)]));
