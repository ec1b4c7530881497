/** Which properties of an entity are sealed: those that its class marks with `@Encrypt()`. */
import { type EntityClass, type EncryptOptions, getEncryptedProperties } from '../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { InvalidEntityError } from '../errors/input.js';
import { isReservedProperty } from '../wire/entity-metadata.js';
import type { EntityKeys, Row } from './entity-context.js';

type Condition = (entity: Row) => boolean;

/** Throws {@link InvalidEntityError} for a class that would store everything in clear where encryption is required. */
export function assertEntityClass(entityClass: EntityClass, policy: EncryptionPolicy): void {
  if (!policy.requireEncryption || getEncryptedProperties(entityClass).length > 0) return;
  throw new InvalidEntityError(
    `Entity class ${entityClass.name} has no property with @Encrypt(): mark one, or set "requireEncryption" to false; ` +
      'PartialType, OmitType and PickType do not carry @Encrypt() over, declare the properties again there',
  );
}

/** Throws {@link InvalidEntityError} unless keys are text and nothing in the entity would overwrite them, our two, or a type. */
export function assertStorable(entity: Row & EntityKeys): void {
  for (const key of ['partitionKey', 'rowKey'] as const) {
    if (typeof (entity[key] as unknown) !== 'string') throw new InvalidEntityError(`"${key}" must be a string`);
  }
  const reserved = Object.keys(entity).find((name) => isReservedProperty(name) || isOverwriting(name));
  if (reserved === undefined) return;
  throw new InvalidEntityError(
    `Property "${reserved}" is reserved: the format or the service has its own of that name`,
  );
}

/** What the SDK would send in place of a key, or of the type of a sealed property. */
const isOverwriting = (name: string): boolean =>
  name === 'PartitionKey' || name === 'RowKey' || name === '__proto__' || name.includes('@odata.');

/** Names to seal in this entity, in the order the class declares them. An absent property is not stored at all. */
export function namesToSeal(entityClass: EntityClass, entity: Row): readonly string[] {
  return getEncryptedProperties(entityClass)
    .filter(({ propertyKey, options }) => entity[propertyKey] !== undefined && holds(options, entity))
    .map(({ propertyKey }) => propertyKey);
}

/** Names that are sealed in every entity of the class, whatever it holds. */
export const namesAlwaysSealed = (entityClass: EntityClass): readonly string[] =>
  getEncryptedProperties(entityClass)
    .filter(({ options }) => options.when === undefined)
    .map(({ propertyKey }) => propertyKey);

const holds = ({ when }: EncryptOptions, entity: Row): boolean => (when as Condition | undefined)?.(entity) ?? true;
