/** The tags of a row that is written. */
import { tagColumnOf } from '../../decorators/searchable.js';
import type { EntityKeys, TableContext } from '../entity-context.js';
import { entityModel } from '../entity-model.js';
import type { HmacSearchKey } from '../../keys/hmac-search-key.js';
import { partitionOf } from '../lookup/lookup-entry.js';
import type { SealedTexts } from '../opened-row.js';
import { contextKeys } from './context-keys.js';
import { isTagColumn, propertyOfTag } from '../reserved-names.js';
import { searchTag } from './search-tag.js';
import { searchedText, searchedTextIfAny } from './searched-text.js';

/** Tags by the name of their column. */
export type RowTags = ReadonlyMap<string, string>;

interface TaggedRow extends Pick<EntityKeys, 'partitionKey'> {
  readonly texts: SealedTexts;
  /** Whether the value of a property is new. If this is left out, all are. */
  readonly isNew?: (name: string) => boolean;
}

const NONE: RowTags = new Map();

/**
 * The tags of sealed values. Only a new value can make this throw: for a value that the row already has, `of` may have been added
 * later, so the row gets no tag.
 */
export async function rowTags(
  { texts, partitionKey, isNew = () => true }: TaggedRow,
  context: TableContext,
): Promise<RowTags> {
  const { searchable } = entityModel(context.entityClass);
  if (searchable.size === 0) return NONE;
  const { write, read = [] } = await contextKeys(context, partitionKey);
  const tags = new Map<string, string>();
  for (const [name, rule] of searchable) {
    const sealed = texts.get(name);
    if (sealed === undefined) continue;
    const searched = isNew(name) ? searchedText(name, rule, sealed) : searchedTextIfAny(name, rule, sealed);
    if (searched === null) continue;
    const place = { table: context.table, property: name, partitionKey };
    const tagUnder = (key: HmacSearchKey): string => searchTag(key, place, { rule, searched });
    const tag = tagUnder(write);
    tags.set(tagColumnOf(name), tag);
    // no row of an older key may have the same value
    if (rule.lookup === 'unique')
      context.lookups?.olderTags.set(partitionOf({ property: name, tag }), read.map(tagUnder));
  }
  return tags;
}

/** What a change does to the sealed properties of a row. */
interface SealedChange {
  readonly isChanged: (property: string) => boolean;
  readonly isOpened: (property: string) => boolean;
}

/**
 * Whether a column is the tag of a value that no longer exists, or whose tag is computed again. Tags of properties for which the
 * class does not set `searchable` stay as long as their values.
 */
export function isOldTag(column: string, context: TableContext, { isChanged, isOpened }: SealedChange): boolean {
  if (!isTagColumn(column)) return false;
  const property = propertyOfTag(column);
  const { searchable, unsearchable } = entityModel(context.entityClass);
  return searchable.has(property) || unsearchable.has(property) || isChanged(property) || isOpened(property);
}
