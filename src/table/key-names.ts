/**
 * The keys of an entity under the names that its class gives them. Rows have them under the names of the SDK: an entity is
 * converted to a row first of all, and a row to an entity last.
 */
import type { EntityClass } from '../decorators/encryption-metadata.js';
import type { RenamedKey } from '../decorators/key-metadata.js';
import { InvalidEntityError, InvalidOptionsError } from '../errors/input.js';
import type { EntityKeys, Row } from './entity-context.js';
import { entityModel } from './entity-model.js';
import { storedValue } from './stored-value.js';

/** Properties that the SDK names differently, with the service's names. */
const COLUMNS: readonly (readonly [property: string, column: string])[] = [
  ['partitionKey', 'PartitionKey'],
  ['rowKey', 'RowKey'],
  ['timestamp', 'Timestamp'],
];

/**
 * Gives the keys in this copy of an entity the names of the SDK. Throws {@link InvalidEntityError} if both names of a key are there
 * with different values, or none.
 */
export function withSdkKeys(row: Row, entityClass: EntityClass): Row & EntityKeys {
  for (const [key, name] of entityModel(entityClass).renamedKeys) {
    if (row[name] !== undefined && row[key] !== undefined && row[name] !== row[key]) {
      throw new InvalidEntityError(`"${name}" and "${key}" differ, but they are the same key: pass only "${name}"`);
    }
    const value = row[name] ?? row[key];
    if (typeof value !== 'string') throw new InvalidEntityError(`"${name}" is a key, and must be a string`);
    Reflect.deleteProperty(row, name);
    row[key] = value;
  }
  return row as Row & EntityKeys;
}

/** The name that an entity has for a property of its row. `null` for a column that a key hides. */
export function namesInEntity(entityClass: EntityClass): (name: string) => string | null {
  const { renamedKeys } = entityModel(entityClass);
  if (renamedKeys.length === 0) return (name) => name;
  const names = new Map<string, string | null>([
    ...renamedKeys,
    ...renamedKeys.map(([, hidden]) => [hidden, null] as const),
  ]);
  return (name) => (names.has(name) ? (names.get(name) ?? null) : name);
}

/** Whether an entity of the class has a key under this name. */
export function isKeyOf(entityClass: EntityClass): (name: string) => boolean {
  const nameOf = namesInEntity(entityClass);
  const keys = new Set(['partitionKey', 'rowKey'].map(nameOf));
  return (name) => keys.has(name);
}

/** Throws {@link InvalidEntityError} if a key hides a column with a different value, which would be lost. */
export function assertNothingHidden(
  row: Row & EntityKeys,
  opened: ReadonlyMap<string, unknown>,
  renamedKeys: readonly RenamedKey[],
): void {
  for (const [key, name] of renamedKeys) {
    const value = opened.has(name) ? opened.get(name) : storedValue(row[name]);
    if (value === undefined || value === row[key]) continue;
    throw new InvalidEntityError(
      `The row has a column "${name}" that differs from its ${sdkColumnOf(key)}, which the class calls "${name}" too: rename the property`,
    );
  }
}

/** The column of a property, as the service names it. */
export function columnOf(name: string, entityClass: EntityClass): string {
  const renamed = entityModel(entityClass).renamedKeys.find((each) => each[1] === name);
  return sdkColumnOf(renamed?.[0] ?? name);
}

export const sdkColumnOf = (name: string): string => COLUMNS.find(([property]) => property === name)?.[1] ?? name;

export const sdkNameOf = (column: string): string => COLUMNS.find(([, name]) => name === column)?.[0] ?? column;

/** Throws {@link InvalidOptionsError} for a name that only entities use: no column has it, so nothing would be found. */
export function assertColumns(columns: readonly string[], entityClass: EntityClass): void {
  for (const [key, name] of entityModel(entityClass).renamedKeys) {
    if (!columns.includes(name)) continue;
    throw new InvalidOptionsError([
      `the filter names "${name}", which is stored as ${sdkColumnOf(key)}: use that name`,
    ]);
  }
}
