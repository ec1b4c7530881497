/**
 * The types of sealed properties that are not strings, in an entry of `KeyWrappingMetadata`:
 *
 *     "AzCseTypes":"{\"born\":\"date\",\"visits\":\"number\"}"
 *
 * Other SDKs ignore the entry and read every sealed property as a string. Without the entry, or if it lacks the name of a
 * property, that property is a string. Nothing authenticates it. Source: docs/tables.md, "Typed values".
 */
import { InvalidEncryptionDataError } from '../errors/content.js';
import { parseObject } from './json.js';

export const PROPERTY_TYPES_ENTRY = 'AzCseTypes';

const PROPERTY_TYPES = ['string', 'number', 'bigint', 'boolean', 'date', 'binary', 'json', 'null'] as const;
export type PropertyType = (typeof PROPERTY_TYPES)[number];

/** The entry, or `undefined` if every property is a string. */
export function formatPropertyTypes(
  properties: ReadonlyMap<string, { readonly type: PropertyType }>,
): string | undefined {
  const named: [string, PropertyType][] = [];
  for (const [name, { type }] of properties) if (type !== 'string') named.push([name, type]);
  return named.length === 0 ? undefined : JSON.stringify(Object.fromEntries(named));
}

const NO_TYPES: ReadonlyMap<string, PropertyType> = new Map();

/** Throws {@link InvalidEncryptionDataError} unless the entry has only known types, for properties that are sealed. */
export function parsePropertyTypes(entry: unknown, sealedNames: readonly string[]): ReadonlyMap<string, PropertyType> {
  if (entry === undefined) return NO_TYPES;
  const object = typeof entry === 'string' ? parseObject(entry) : null;
  if (object === null) throw new InvalidEncryptionDataError(`${PROPERTY_TYPES_ENTRY} is not a JSON object`);
  const types = Object.entries(object);
  if (!types.every(([name, type]) => sealedNames.includes(name) && isPropertyType(type)))
    throw new InvalidEncryptionDataError(`${PROPERTY_TYPES_ENTRY} names a type or a property that there is not`);
  return new Map(types as [string, PropertyType][]);
}

const isPropertyType = (type: unknown): type is PropertyType => (PROPERTY_TYPES as readonly unknown[]).includes(type);
