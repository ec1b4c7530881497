/** The search keys of a call on a table, looked up once for each partition. */
import { InvalidOptionsError } from '../../errors/input.js';
import { type SearchKeys, searchKeysFor } from '../../keys/search-keys.js';
import type { TableContext } from '../entity-context.js';

const known = new WeakMap<TableContext, Map<string | undefined, Promise<SearchKeys>>>();

/** `partitionKey` is `undefined` for a search that names no partition. */
export async function contextKeys(context: TableContext, partitionKey: string | undefined): Promise<SearchKeys> {
  const { account, table, policy } = context;
  const { searchKeys } = policy;
  if (searchKeys === undefined) throw new InvalidOptionsError(['searchable properties need "searchKeys"']);
  if (typeof searchKeys !== 'function') return searchKeys;
  const ofCall = known.get(context) ?? new Map<string | undefined, Promise<SearchKeys>>();
  known.set(context, ofCall);
  const keys = ofCall.get(partitionKey) ?? searchKeysFor(searchKeys, { account, table, partitionKey });
  ofCall.set(partitionKey, keys);
  return keys;
}

/** Keys that find tags: the one that writes, and older ones. */
export const findingKeys = ({ write, read = [] }: SearchKeys) => [write, ...read];
