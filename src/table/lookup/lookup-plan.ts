/**
 * Whether a search can use the lookup table: it must be the whole filter, or a part of its outermost `and`. Entries only say
 * which rows to fetch. The service compares the filter and the tag of each of these rows, so a wrong entry finds nothing.
 */
import type { EntityKeys } from '../entity-context.js';
import { type Comparison, type Condition, equal, join } from '../filter/condition.js';
import { asked, type ResolvedSearch, tagComparison } from '../search/tag-conditions.js';
import { odataLiteral } from '../filter/odata-literal.js';

export interface LookupPlan {
  readonly property: string;
  readonly tags: readonly string[];
  /** The condition for the row of an entry, which the service evaluates. */
  readonly conditionFor: (tag: string, row: EntityKeys) => Condition;
}

export function lookupPlan(condition: Condition<ResolvedSearch>): LookupPlan | null {
  const parts = condition.kind === 'and' ? condition.parts : [condition];
  const candidates = parts.filter((part) => part.kind === 'search').filter(({ rule }) => rule.lookup !== false);
  const search = candidates.find(({ rule }) => rule.lookup === 'unique') ?? candidates[0];
  if (search === undefined) return null;
  const others = parts.filter((part) => part !== search).map(asked);
  return {
    property: search.property,
    tags: [...search.tags],
    conditionFor: (tag, { partitionKey, rowKey }) =>
      join(
        'and',
        keyComparison('PartitionKey', partitionKey),
        keyComparison('RowKey', rowKey),
        tagComparison(search.property, tag),
        ...others,
      ),
  };
}

const keyComparison = (column: string, value: string): Comparison => equal(column, odataLiteral(column, value), value);
