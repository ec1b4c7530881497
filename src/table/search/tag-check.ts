/**
 * Computes the tags of an opened row again. Another SDK that changes a row leaves the old tag in it, and somebody who can write the
 * table can exchange tags. Such rows hide from searches.
 */
import { tagColumnOf } from '../../decorators/searchable.js';
import type { SearchKeys } from '../../keys/search-keys.js';
import type { EntityKeys, Row, TableContext } from '../entity-context.js';
import { entityModel } from '../entity-model.js';
import type { SealedTexts } from '../opened-row.js';
import { storedValue } from '../stored-value.js';
import { contextKeys, findingKeys } from './context-keys.js';
import { keyIdOf, searchTag } from './search-tag.js';
import { searchedText, type SearchedText } from './searched-text.js';

/**
 * What is wrong with the tag of a property.
 *
 * - `missing`: the row has none, so no search finds it
 * - `different`: it is the tag of another value, or of a key that is not given
 */
export type SearchTagFault = 'missing' | 'different';

/** A row that searches do not find by the value that it has. `reindex` repairs it. */
export interface SearchTagMismatch extends EntityKeys {
  readonly tableName: string;
  readonly propertyName: string;
  readonly fault: SearchTagFault;
}

/** Called for each row that is read with a wrong tag. The row is returned all the same. An error that it throws makes the call reject. */
export type SearchTagMismatchListener = (mismatch: SearchTagMismatch) => void;

/** A row that was opened, and which of its columns a projection requested. */
export interface CheckedRow {
  readonly row: Row & EntityKeys;
  readonly texts: SealedTexts;
  readonly isAsked: (column: string) => boolean;
}

/** The properties with wrong tags. Without search keys nothing can be said, so nothing is. */
export async function tagFaults(
  checked: CheckedRow,
  context: TableContext,
): Promise<ReadonlyMap<string, SearchTagFault>> {
  const faults = new Map<string, SearchTagFault>();
  const { searchable } = entityModel(context.entityClass);
  const keys = await contextKeys(context, checked.row.partitionKey).catch(() => null);
  if (keys === null) return faults;
  for (const name of searchable.keys()) {
    const fault = tagFault(name, checked, { context, keys });
    if (fault !== null) faults.set(name, fault);
  }
  return faults;
}

interface TagKeys {
  readonly context: TableContext;
  readonly keys: SearchKeys;
}

function tagFault(name: string, { row, texts, isAsked }: CheckedRow, given: TagKeys): SearchTagFault | null {
  const column = tagColumnOf(name);
  const rule = entityModel(given.context.entityClass).searchable.get(name);
  if (rule === undefined || !isAsked(name) || !isAsked(column)) return null;
  const stored = storedValue(row[column]);
  const sealed = texts.get(name);
  const searched = sealed === undefined ? null : attempt(() => searchedText(name, rule, sealed));
  if (stored === undefined) return searched === null || rule.mode === 'write' ? null : 'missing';
  return searched !== null && isTagOf(stored, { searched, rule }, { name, row, ...given }) ? null : 'different';
}

function isTagOf(
  stored: unknown,
  tagged: Parameters<typeof searchTag>[2],
  { name, row, context, keys }: TagKeys & { readonly name: string; readonly row: EntityKeys },
): boolean {
  if (typeof stored !== 'string') return false;
  const key = findingKeys(keys).find(({ keyId }) => keyId === keyIdOf(stored));
  const place = { table: context.table, property: name, partitionKey: row.partitionKey };
  return key !== undefined && searchTag(key, place, tagged) === stored;
}

/** A value that cannot be searched has no tag. */
function attempt(read: () => SearchedText | null): SearchedText | null {
  try {
    return read();
  } catch {
    return null;
  }
}
