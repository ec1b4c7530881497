/**
 * What the decorators of an entity class declare. Rows are sealed and opened by the thousand, so this is computed once, and again
 * only after a decorator was applied to the class or to a base class.
 */
import {
  ENCRYPTED,
  type EncryptedProperty,
  type EncryptOptions,
  type EntityClass,
  getEncryptedProperties,
  prototypesOf,
} from '../decorators/encryption-metadata.js';
import { SIGNED, signedNamesOf } from '../decorators/signing-metadata.js';
import { type SearchRule, searchRuleOf } from '../decorators/searchable.js';
import { ENTITY_KEYS, type RenamedKey, renamedKeysOf } from '../decorators/key-metadata.js';
import { DECLARED, type EntityDeclaration, entityDeclaration } from '../decorators/entity-declaration.js';

export interface EntityModel {
  /** The properties that are sealed, or may be if they have `when`; inherited ones first. */
  readonly properties: readonly EncryptedProperty[];
  /** Their options, by name. */
  readonly options: ReadonlyMap<string, EncryptOptions>;
  /** Names that are sealed in every entity of the class. */
  readonly alwaysSealed: readonly string[];
  /** Names with `when`, which are sealed or not. */
  readonly sometimesSealed: readonly string[];
  /** Names of the clear properties that are signed, without those that a subclass seals. */
  readonly signed: ReadonlySet<string>;
  /** Names of the properties that entries cover if they are clear. */
  readonly mayBeCovered: readonly string[];
  /** The properties that can be searched, and how. */
  readonly searchable: ReadonlyMap<string, SearchRule>;
  /** Those of them that have entries in the lookup table. */
  readonly lookedUp: ReadonlyMap<string, SearchRule>;
  /** Names with `searchable: false`, whose tags are removed. */
  readonly unsearchable: ReadonlySet<string>;
  /** Whether rows have encryption data, because something in them may be sealed or is signed. */
  readonly isProtected: boolean;
  /** The keys that have other names in the class than in the SDK. */
  readonly renamedKeys: readonly RenamedKey[];
  /** `null` for a class without `@EncryptedEntity()`. */
  readonly declaration: EntityDeclaration | null;
}

/** A model, and the records that it was computed from. Decorators replace records and never change them. */
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

/** Walks the prototypes without creating a list of them, which would take as long as computing the model. */
function isCurrent({ records }: KnownModel, entityClass: EntityClass): boolean {
  let at = records.length;
  for (let prototype = entityClass.prototype as object | null; prototype !== null; prototype = parentOf(prototype)) {
    if (
      records[--at] !== ENTITY_KEYS.at(prototype) ||
      records[--at] !== DECLARED.at(prototype) ||
      records[--at] !== SIGNED.at(prototype) ||
      records[--at] !== ENCRYPTED.at(prototype)
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
  const sometimesSealed = namesWhere(true);
  const searchable = searchRulesOf(properties);
  return {
    properties,
    options,
    alwaysSealed: namesWhere(false),
    sometimesSealed,
    signed,
    mayBeCovered: [...signed, ...sometimesSealed],
    searchable,
    lookedUp: new Map([...searchable].filter(([, { lookup }]) => lookup !== false)),
    unsearchable: new Set(
      properties.filter(({ options: { searchable } }) => searchable === false).map(({ propertyKey }) => propertyKey),
    ),
    isProtected: properties.length > 0 || signed.size > 0,
    renamedKeys: renamedKeysOf(entityClass),
    declaration: entityDeclaration(entityClass),
  };
}

function searchRulesOf(properties: readonly EncryptedProperty[]): ReadonlyMap<string, SearchRule> {
  const rules = properties.map(({ propertyKey, options }) => [propertyKey, searchRuleOf(options.searchable)] as const);
  return new Map(rules.flatMap(([name, rule]) => (rule === null ? [] : [[name, rule] as const])));
}

const recordsOf = (entityClass: EntityClass): readonly unknown[] =>
  prototypesOf(entityClass).flatMap((prototype) => [
    ENCRYPTED.at(prototype),
    SIGNED.at(prototype),
    DECLARED.at(prototype),
    ENTITY_KEYS.at(prototype),
  ]);
