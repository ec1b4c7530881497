/** The tag of a value, for an application that stores it itself. */
import { InvalidOptionsError } from '../../errors/input.js';
import type { TableContext } from '../entity-context.js';
import { entityModel } from '../entity-model.js';
import { contextKeys } from './context-keys.js';
import { searchTag } from './search-tag.js';
import { wantedText } from './tag-conditions.js';

interface TaggedValue {
  readonly name: string;
  readonly value: unknown;
  readonly partitionKey: string | undefined;
}

/** Throws `INVALID_OPTIONS` for a property or a value without tags, or without a partition that the tag needs. */
export async function newTag({ name, value, partitionKey }: TaggedValue, context: TableContext): Promise<string> {
  const rule = entityModel(context.entityClass).searchable.get(name);
  if (rule === undefined) throw new InvalidOptionsError([`"${name}" is not searchable, so it has no tags`]);
  if (rule.scope === 'partition' && partitionKey === undefined) {
    throw new InvalidOptionsError([`tags of "${name}" are valid in one partition: give its "partitionKey"`]);
  }
  if (partitionKey !== undefined && !partitionKey.isWellFormed())
    throw new InvalidOptionsError(['"partitionKey" is not valid Unicode: it contains half a surrogate pair']);
  const { write } = await contextKeys(context, partitionKey);
  const place = { table: context.table, property: name, partitionKey: partitionKey ?? '' };
  return searchTag(write, place, { rule, searched: wantedText(name, value, context) });
}
