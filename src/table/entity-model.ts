/**
 * What the decorators say of an entity class. Rows are sealed and opened by the thousand, so it is worked out once, and again
 * only after a decorator was applied to the class, or to one that it extends.
 */
import {
  encryptedPropertyRecord,
  type EncryptedProperty,
  type EncryptOptions,
  type EntityClass,
  getEncryptedProperties,
  prototypesOf,
} from '../decorators/encryption-metadata.js';
import { signedNamesOf, signedPropertyRecord } from '../decorators/signing-metadata.js';
import { declarationRecord, type EntityDeclaration, entityDeclaration } from '../decorators/entity-declaration.js';

export interface EntityModel {
  /** The properties that are sealed, or may be where `when` decides; inherited ones first. */
  readonly properties: readonly EncryptedProperty[];
  /** Their options, by name. */
  readonly options: ReadonlyMap<string, EncryptOptions>;
  /** Names that are sealed in every entity of the class, whatever it holds. */
  readonly alwaysSealed: readonly string[];
  /** Names that are sealed or not, as `when` decides. */
  readonly sometimesSealed: readonly string[];
  /** Names of clear properties that are signed; those that a subclass seals are not among them. */
  readonly signed: ReadonlySet<string>;
  /** Whether rows have encryption data: something in them may be sealed, or is signed. */
  readonly isProtected: boolean;
  /** `null` for a class without `@EncryptedEntity()`. */
  readonly declaration: EntityDeclaration | null;
}

/** A model, and the records that it was worked out from: decorators replace records, and never change one. */
interface KnownModel {
  readonly records: readonly unknown[];
  readonly model: EntityModel;
}

const KNOWN = new WeakMap<EntityClass, KnownModel>();

export function entityModel(entityClass: EntityClass): EntityModel {
  const known = KNOWN.get(entityClass);
  if (known !== undefined && isCurrent(known, entityClass)) return known.model;
  const model = modelOf(entityClass);
  KNOWN.set(entityClass, { records: recordsOf(entityClass), model });
  return model;
}

/** Walks without a list of the prototypes: making one takes as long as working the model out. */
function isCurrent({ records }: KnownModel, entityClass: EntityClass): boolean {
  let at = records.length;
  for (let prototype = entityClass.prototype as object | null; prototype !== null; prototype = parentOf(prototype)) {
    if (
      records[--at] !== declarationRecord(prototype) ||
      records[--at] !== signedPropertyRecord(prototype) ||
      records[--at] !== encryptedPropertyRecord(prototype)
    )
      return false;
  }
  return at === 0;
}

const parentOf = (prototype: object): object | null => Object.getPrototypeOf(prototype) as object | null;

function modelOf(entityClass: EntityClass): EntityModel {
  const properties = getEncryptedProperties(entityClass);
  const namesWhere = (isConditional: boolean): readonly string[] =>
    properties
      .filter(({ options }) => (options.when !== undefined) === isConditional)
      .map(({ propertyKey }) => propertyKey);
  const options = new Map(properties.map(({ propertyKey, options: own }) => [propertyKey, own]));
  const signed = new Set([...signedNamesOf(entityClass)].filter((name) => !options.has(name)));
  return {
    properties,
    options,
    alwaysSealed: namesWhere(false),
    sometimesSealed: namesWhere(true),
    signed,
    isProtected: properties.length > 0 || signed.size > 0,
    declaration: entityDeclaration(entityClass),
  };
}

const recordsOf = (entityClass: EntityClass): readonly unknown[] =>
  prototypesOf(entityClass).flatMap((prototype) => [
    encryptedPropertyRecord(prototype),
    signedPropertyRecord(prototype),
    declarationRecord(prototype),
  ]);
