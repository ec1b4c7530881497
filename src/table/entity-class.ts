/** What a table client requires of an entity class: its declaration, its table, and the properties that it declares. */
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { contradictionIn, type EntityDeclaration, nameOf } from '../decorators/entity-declaration.js';
import { tableNameFault } from '../decorators/table-name.js';
import { type EncryptionPolicy, requiresEncryption } from '../envelope/encryption-policy.js';
import { InvalidEntityError, InvalidOptionsError, UndeclaredPropertyError } from '../errors/input.js';
import { entityModel } from './entity-model.js';
import type { Row } from './entity-context.js';

const MAPPED_TYPES =
  'PartialType, OmitType, PickType and IntersectionType do not carry decorators over: pass their objects to the table client of ' +
  'the entity class itself, or declare the properties again';

/**
 * Throws {@link InvalidEntityError} for a class that cannot be stored as declared, or that would store plaintext against the
 * policy.
 */
export function assertEntityClass(entityClass: EntityClass, policy: EncryptionPolicy): void {
  declarationOf(entityClass);
  const name = nameOf(entityClass);
  const contradiction = contradictionIn(entityClass);
  if (contradiction !== null) throw new InvalidEntityError(`@EncryptedEntity() of ${name} ${contradiction}`);
  const { properties, isProtected } = entityModel(entityClass);
  const broken = properties.find(({ options: { as } }) => as !== undefined && typeof as() !== 'function');
  if (broken !== undefined) {
    throw new InvalidEntityError(`@Encrypt() of "${broken.propertyKey}" of ${name} returns no class under "as"`);
  }
  assertSearchKeys(entityClass, policy);
  if (!requiresEncryption(policy) || isProtected) return;
  throw new InvalidEntityError(
    `Entity class ${name} has no property with @Encrypt() or @Sign(): mark one, or set "requireEncryption" to false; ${MAPPED_TYPES}`,
  );
}

/** Throws {@link InvalidOptionsError} if rows of the class need search tags but there are no search keys. */
function assertSearchKeys(entityClass: EntityClass, { searchKeys }: EncryptionPolicy): void {
  const [first] = entityModel(entityClass).searchable.keys();
  if (first === undefined || searchKeys !== undefined) return;
  throw new InvalidOptionsError([
    `"${first}" of entity class ${nameOf(entityClass)} is searchable: give "searchKeys" in "encryption"`,
  ]);
}

/** Throws {@link InvalidOptionsError} if rows of the class need entries that cannot be written. */
export function assertLookupTable(entityClass: EntityClass, lookupTable: object | undefined): void {
  const [first] = entityModel(entityClass).lookedUp.keys();
  if (first === undefined || lookupTable !== undefined) return;
  throw new InvalidOptionsError([
    `"${first}" of entity class ${nameOf(entityClass)} has a lookup table: get the table client from the service, or pass both clients`,
  ]);
}

/** Throws {@link InvalidEntityError} for a class without a declaration. */
function declarationOf(entityClass: EntityClass): EntityDeclaration {
  if (typeof entityClass !== 'function') throw new InvalidEntityError('A table client needs an entity class');
  const { declaration } = entityModel(entityClass);
  if (declaration !== null) return declaration;
  throw new InvalidEntityError(
    `Entity class ${nameOf(entityClass)} has no @EncryptedEntity(): declare its table and what stays clear; ${MAPPED_TYPES}`,
  );
}

/**
 * The table of a class: the given one, or the one that it declares. Throws {@link InvalidOptionsError} if there is none, or for a
 * name that the service does not accept; {@link InvalidEntityError} for a class without a declaration.
 */
export function tableNameOf(entityClass: EntityClass, given?: string): string {
  const name = given ?? declarationOf(entityClass).table;
  const of = `entity class ${nameOf(entityClass)}`;
  if (name === null) {
    throw new InvalidOptionsError([
      `${of} has no table: set "table" in @EncryptedEntity({ table: '...' }) or in the feature, its class name is not used`,
    ]);
  }
  const fault = tableNameFault(name);
  if (fault !== null) throw new InvalidOptionsError([`the "table" of ${of}: ${fault}`]);
  return name;
}

/** Part of every entity that was read, and never stored from what is passed. */
const KNOWN = new Set([
  'partitionKey',
  'rowKey',
  'timestamp',
  'etag',
  'odata.metadata',
  'odata.type',
  'odata.id',
  'odata.etag',
  'odata.editLink',
]);

/**
 * If encryption is required, throws {@link UndeclaredPropertyError} for the first property that the class neither seals nor signs
 * nor lists as clear. Only the class matters, not the object.
 */
export function assertDeclared(entity: Row, entityClass: EntityClass, policy: EncryptionPolicy): void {
  if (!requiresEncryption(policy)) return;
  const isDeclared = declaredNames(entityClass);
  const undeclared = Object.keys(entity).find((name) => entity[name] !== undefined && !isDeclared(name));
  if (undeclared !== undefined) throw new UndeclaredPropertyError(undeclared, nameOf(entityClass));
}

/** Throws {@link UndeclaredPropertyError} for a property that the class does not declare. Filters name stored columns. */
export function assertDeclaredName(name: string, entityClass: EntityClass): void {
  if (!declaredNames(entityClass)(name)) throw new UndeclaredPropertyError(name, nameOf(entityClass));
}

function declaredNames(entityClass: EntityClass): (name: string) => boolean {
  const { clear } = declarationOf(entityClass);
  if (clear === '*') return () => true;
  const { options, signed } = entityModel(entityClass);
  return (name) => clear.has(name) || options.has(name) || signed.has(name) || KNOWN.has(name);
}
