/**
 * Computes the tags of an opened row again. If another SDK changes a row, the old tag stays, and someone who can write to the
 * table can exchange tags. Searches do not find such rows.
 */
import { type SearchRule, tagColumnOf } from '../../decorators/searchable.js';
import type { TagsState } from '../../envelope/maintenance/outcome.js';
import type { SearchKeys } from '../../keys/search-keys.js';
import type { EntityKeys, Row, TableContext } from '../entity-context.js';
import { entityModel } from '../entity-model.js';
import type { SealedTexts } from '../opened-row.js';
import { storedValue } from '../stored-value.js';
import { contextKeys, findingKeys } from './context-keys.js';
import { keyIdOf, searchTag } from './search-tag.js';
import type { SearchTagFault } from './tag-mismatch.js';
import { searchedTextIfAny } from './searched-text.js';

/** A row that was opened, and which of its columns a projection requested. */
interface CheckedRow {
  readonly row: Row & EntityKeys;
  readonly texts: SealedTexts;
  readonly isAsked: (column: string) => boolean;
}

/** The properties with wrong tags. Without search keys this cannot be determined, and none are returned. */
export async function tagFaults(
  { row, texts, isAsked }: CheckedRow,
  context: TableContext,
): Promise<ReadonlyMap<string, SearchTagFault>> {
  const faults = new Map<string, SearchTagFault>();
  const { searchKeys } = context.policy;
  const keys =
    typeof searchKeys === 'object' ? searchKeys : await contextKeys(context, row.partitionKey).catch(() => null);
  if (keys === null) return faults;
  for (const [name, rule] of entityModel(context.entityClass).searchable) {
    if (!isAsked(name) || !isAsked(tagColumnOf(name))) continue;
    const state = tagState({ name, rule, row, texts }, { table: context.table, keys });
    if (state === 'mismatched') faults.set(name, 'different');
    if (state === 'untagged' && rule.mode === 'use') faults.set(name, 'missing');
  }
  return faults;
}

/** What is wrong with the tags of a whole row; `null` if nothing is. Throws if the search keys cannot be determined. */
export async function tagsState(
  { row, texts }: Pick<CheckedRow, 'row' | 'texts'>,
  context: TableContext,
): Promise<TagsState | null> {
  const { searchable, unsearchable } = entityModel(context.entityClass);
  const states: (TagsState | null)[] = [];
  for (const [name, rule] of searchable) {
    const keys = await contextKeys(context, row.partitionKey);
    states.push(tagState({ name, rule, row, texts }, { table: context.table, keys }));
  }
  if ([...unsearchable].some((name) => storedValue(row[tagColumnOf(name)]) !== undefined)) states.push('mismatched');
  const order: readonly TagsState[] = ['untagged', 'mismatched', 'outdated'];
  return order.find((state) => states.includes(state)) ?? null;
}

interface TaggedProperty extends Pick<CheckedRow, 'row' | 'texts'> {
  readonly name: string;
  readonly rule: SearchRule;
}

interface TagKeys {
  readonly table: string;
  readonly keys: SearchKeys;
}

function tagState({ name, rule, row, texts }: TaggedProperty, { table, keys }: TagKeys): TagsState | null {
  const stored = storedValue(row[tagColumnOf(name)]);
  const sealed = texts.get(name);
  const searched = sealed === undefined ? null : searchedTextIfAny(name, rule, sealed);
  if (searched === null) return stored === undefined ? null : 'mismatched';
  if (stored === undefined) return 'untagged';
  const keyId = typeof stored === 'string' ? keyIdOf(stored) : '';
  const key = findingKeys(keys).find((each) => each.keyId === keyId);
  const place = { table, property: name, partitionKey: row.partitionKey };
  if (key === undefined || searchTag(key, place, { rule, searched }) !== stored) return 'mismatched';
  return key === keys.write ? null : 'outdated';
}
