/** Which search keys write and find tags. */
import { givenName, isObject, refuse } from '../option-rules.js';
import type { HmacSearchKey } from './hmac-search-key.js';

/** The keys of searchable properties. */
export interface SearchKeys {
  /** Creates the tags of rows that are written. */
  readonly write: HmacSearchKey;
  /**
   * Older keys, whose tags are found too. Each key makes a filter longer by one comparison for each value.
   *
   * @defaultValue none
   */
  readonly read?: readonly HmacSearchKey[];
}

/** The rows that search keys are needed for. */
export interface SearchTarget {
  readonly account: string;
  readonly table: string;
  /** `undefined` for a search that names no partition. */
  readonly partitionKey: string | undefined;
}

/** Chooses the keys of a tenant. It is called for each row and each filter, so look up keys in memory. */
export type SearchKeysSelector = (target: SearchTarget) => SearchKeys | Promise<SearchKeys>;

/** What is wrong with search keys, as sentences that begin with the path. */
export function searchKeysFaults(value: unknown, path: string): readonly string[] {
  if (!isObject(value)) return [`"${path}" must be an object with "write", or a function that returns one`];
  const { write, read = [], ...others } = value;
  const unknown = Object.keys(others).map(
    (name) => `${givenName(`${path}.${name}`)} is not an option: the options are write, read`,
  );
  if (!Array.isArray(read)) return [...unknown, `"${path}.read" must be a list of search keys`];
  const keys = [write, ...(read as readonly unknown[])];
  if (!keys.every(isSearchKey)) return [...unknown, `"${path}" must hold search keys: see HmacSearchKey`];
  const ids = keys.map(({ keyId }) => keyId);
  return new Set(ids).size === ids.length ? unknown : [...unknown, `"${path}" has the same search key twice`];
}

/** Not `instanceof`: the key may be from the other build of this package. */
const isSearchKey = (key: unknown): key is HmacSearchKey =>
  isObject(key) && typeof key['keyId'] === 'string' && typeof key['mac'] === 'function';

/** The keys for a target. Throws `INVALID_OPTIONS` if the function returns something else. */
export async function searchKeysFor(keys: SearchKeys | SearchKeysSelector, target: SearchTarget): Promise<SearchKeys> {
  if (typeof keys !== 'function') return keys;
  const chosen = await keys(target);
  refuse(searchKeysFaults(chosen, 'searchKeys()'));
  return chosen;
}
