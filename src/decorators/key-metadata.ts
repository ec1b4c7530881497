/** What `@PartitionKey()` and `@RowKey()` record on an entity class. */
import { InvalidEntityError } from '../errors/input.js';
import { ClassRecord } from './class-record.js';
import { chainOf, type EntityClass, isReservedName } from './encryption-metadata.js';

/** The names that a class gives to its keys. */
export interface KeyNames {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** The SDK's names, which apply where a class gives no others. */
const SDK_KEY_NAMES: KeyNames = { partitionKey: 'partitionKey', rowKey: 'rowKey' };

/** A key and the name that a class gives it, which differs from the SDK's name. */
export type RenamedKey = readonly [key: keyof KeyNames, name: string];

/** The name of the decorator of each key, for errors. */
export const KEY_DECORATORS: Readonly<Record<keyof KeyNames, string>> = {
  partitionKey: '@PartitionKey()',
  rowKey: '@RowKey()',
};

export const ENTITY_KEYS = new ClassRecord<Partial<KeyNames>>('entity-keys', {});

/** Throws {@link InvalidEntityError} for a name that cannot be a key, and for a second property with the same key. */
export function recordKey(prototype: object, key: keyof KeyNames, propertyKey: string): void {
  const decorator = KEY_DECORATORS[key];
  if (propertyKey !== key && isReservedName(propertyKey)) {
    throw new InvalidEntityError(`${decorator} cannot be "${propertyKey}": the service or the format uses that name`);
  }
  const known = keyNamesAt(prototype);
  const other = known[key];
  if (other !== undefined && other !== propertyKey) {
    throw new InvalidEntityError(`${decorator} is on "${other}" and on "${propertyKey}": keep one of them`);
  }
  if (Object.entries(known).some(([each, name]) => each !== key && name === propertyKey)) {
    throw new InvalidEntityError(`"${propertyKey}" has both @PartitionKey() and @RowKey(): keep one of them`);
  }
  ENTITY_KEYS.replace(prototype, { ...ENTITY_KEYS.at(prototype), [key]: propertyKey });
}

/** The names of the keys of an entity class, own and inherited. */
export const keyNamesOf = (entityClass: EntityClass): KeyNames => ({
  ...SDK_KEY_NAMES,
  ...keyNamesAt(entityClass.prototype as object),
});

/** The keys that have other names in an entity class than in the SDK. */
export const renamedKeysOf = (entityClass: EntityClass): readonly RenamedKey[] => {
  const names = keyNamesOf(entityClass);
  return (['partitionKey', 'rowKey'] as const).filter((key) => names[key] !== key).map((key) => [key, names[key]]);
};

const keyNamesAt = (prototype: object): Partial<KeyNames> =>
  Object.assign({}, ...chainOf(prototype).map((each) => ENTITY_KEYS.at(each))) as Partial<KeyNames>;
