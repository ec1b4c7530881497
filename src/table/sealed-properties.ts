/** Which properties of an entity are sealed: those that its class marks with `@Encrypt()`, if their condition holds. */
import type { EntityClass, EncryptOptions } from '../decorators/encryption-metadata.js';
import { InvalidEntityError } from '../errors/input.js';
import type { EntityKeys, Row } from './entity-context.js';
import { entityModel } from './entity-model.js';
import { convertedValues, entityOf } from './entity-instance.js';
import { isKeyOf } from './key-names.js';
import { isReservedColumn, isSystemProperty } from './reserved-names.js';
import { type Looks, WatchedEntity } from './watched-entity.js';

type Condition = (entity: object) => unknown;

/**
 * Throws {@link InvalidEntityError} unless the keys are text that UTF-8 can represent, and no property would overwrite a key, a
 * column of the format or a type.
 */
export function assertStorable(entity: Row & EntityKeys): void {
  for (const key of ['partitionKey', 'rowKey'] as const) {
    if (typeof (entity[key] as unknown) !== 'string') throw new InvalidEntityError(`"${key}" must be a string`);
    if (!entity[key].isWellFormed())
      throw new InvalidEntityError(`"${key}" is not valid Unicode: it contains half a surrogate pair`);
  }
  const reserved = Object.keys(entity).find((name) => isReservedColumn(name) || isOverwriting(name));
  if (reserved === undefined) return;
  throw new InvalidEntityError(
    `Property "${reserved}" is reserved: the format or the service has its own of that name`,
  );
}

/** What the SDK would send instead of a key, or of the type of a sealed property. */
const isOverwriting = (name: string): boolean =>
  name === 'PartitionKey' || name === 'RowKey' || name === '__proto__' || name.includes('@odata.');

/** What happens to the properties of an entity that is written. */
interface Sealing {
  /** Names to seal, in the order in which the class declares them. */
  readonly sealed: readonly string[];
  /** Names of clear properties that a condition read, or that are clear because of a condition: integrity entries cover them. */
  readonly decisive: ReadonlySet<string>;
}

/** What is known about the row that an entity replaces. */
export interface SealedBefore {
  /** What the row has sealed in addition to the properties of the class. */
  readonly anyway: readonly string[];
  /** Whether a property may be stored in plaintext if its condition does not hold and read these properties. */
  readonly mayBeClear: (name: string, looks: Looks) => boolean;
}

const NOTHING: ReadonlySet<string> = new Set();
const NOTHING_BEFORE: SealedBefore = { anyway: [], mayBeClear: () => true };

/**
 * Determines what to seal in this entity. An absent property is not stored at all. Conditions see what a read will return,
 * because reads evaluate them again. So if a condition reads a property that another condition seals, all are evaluated again
 * until no name is added.
 */
export function sealingOf(
  entityClass: EntityClass,
  entity: Row,
  { anyway, mayBeClear }: SealedBefore = NOTHING_BEFORE,
): Sealing {
  const { properties, sometimesSealed } = entityModel(entityClass);
  const stored = properties.filter(({ propertyKey }) => entity[propertyKey] !== undefined);
  if (sometimesSealed.length === 0) return { sealed: stored.map(keyOf), decisive: NOTHING };
  const sealed = new Set(stored.filter(({ options }) => options.when === undefined).map(keyOf));
  const looked = new Set<string>();
  const isKey = isKeyOf(entityClass);
  for (let before = -1; before < sealed.size;) {
    before = sealed.size;
    const open = stored.filter(({ propertyKey }) => !sealed.has(propertyKey));
    if (open.length === 0) break;
    const seen = asRead(entityClass, entity, (name) => sealed.has(name) || anyway.includes(name));
    for (const { propertyKey, options } of open) {
      const watched = new WatchedEntity(seen, isKey);
      if (holds(options, watched.entity) || !mayBeClear(propertyKey, watched)) sealed.add(propertyKey);
      for (const name of watched.names) looked.add(name);
    }
  }
  for (const name of looksOfAbsent(entityClass, entity)) looked.add(name);
  const decisive = [...sometimesSealed, ...looked].filter((name) => !sealed.has(name) && !anyway.includes(name));
  return { sealed: stored.map(keyOf).filter((name) => sealed.has(name)), decisive: new Set(decisive) };
}

/** What the conditions of absent properties read, because a merge may add these. Such conditions may throw without them. */
function looksOfAbsent(entityClass: EntityClass, entity: Row): ReadonlySet<string> {
  const { properties } = entityModel(entityClass);
  const absent = properties.filter(({ propertyKey, options }) => options.when && entity[propertyKey] === undefined);
  if (absent.length === 0) return new Set();
  const watched = new WatchedEntity(
    asRead(entityClass, entity, () => true),
    isKeyOf(entityClass),
  );
  for (const { options } of absent) holdsOrThrows(options, watched.entity);
  return watched.names;
}

/**
 * The first of these clear properties for which `when` holds in an entity that was read. If the condition throws, the property
 * counts too: it may be clear only if the condition shows that.
 */
export function wronglyClear(entityClass: EntityClass, entity: Row, clear: readonly string[]): string | undefined {
  const seen = asRead(entityClass, entity, () => true);
  const candidates = entityModel(entityClass).properties.filter(({ propertyKey }) => clear.includes(propertyKey));
  return candidates.find(({ options }) => holdsOrThrows(options, seen))?.propertyKey;
}

/** The service stores no `null`, and what it sets itself does not exist yet when an entity is written. */
function asRead(entityClass: EntityClass, entity: Row, isSealed: (name: string) => boolean): object {
  const values = Object.entries(convertedValues(entity)).filter(
    ([name, value]) => value !== undefined && !isSystemProperty(name) && (value !== null || isSealed(name)),
  );
  return entityOf(entityClass, Object.fromEntries(values));
}

const keyOf = ({ propertyKey }: { readonly propertyKey: string }): string => propertyKey;

const holds = ({ when }: EncryptOptions, entity: object): boolean =>
  when === undefined || Boolean((when as Condition)(entity));

function holdsOrThrows(options: EncryptOptions, entity: object): boolean {
  try {
    return holds(options, entity);
  } catch {
    return true;
  }
}
