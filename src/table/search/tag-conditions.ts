/**
 * Searches of a filter as conditions on tags: a comparison for each value and key, joined by `or`. If a property is sealed only
 * under a condition (`when`), the value itself is compared too.
 */
import { type SearchRule, tagColumnOf } from '../../decorators/searchable.js';
import { EncryptedPropertyInFilterError, InvalidOptionsError, UnsupportedValueError } from '../../errors/input.js';
import type { TableContext } from '../entity-context.js';
import { entityModel } from '../entity-model.js';
import { type Comparison, type Condition, equal, join, type SealedSearch } from '../filter/condition.js';
import { literalOf } from '../filter/odata-literal.js';
import { encodeValue } from '../values/property-value.js';
import { contextKeys, findingKeys } from './context-keys.js';
import { searchTag } from './search-tag.js';
import { searchedText, type SearchedText } from './searched-text.js';

/** A search, and the conditions that it sends to the service. */
export interface ResolvedSearch extends SealedSearch {
  readonly rule: SearchRule;
  readonly wanted: readonly SearchedText[];
  readonly tags: ReadonlySet<string>;
  /** What the service compares. */
  readonly comparisons: readonly Comparison[];
}

type Context = Pick<TableContext, 'entityClass'>;

/** Throws unless the class allows searches of the property, and its values have tags. */
export function assertSearch(search: SealedSearch, context: Context): void {
  const rule = ruleOf(search.property, context);
  if (rule.mode === 'write') {
    throw new InvalidOptionsError([
      `"${search.property}" cannot be searched yet: rows may lack their tags; run reindex, then set "searchable.mode" to "use"`,
    ]);
  }
  if (search.values.length === 0)
    throw new InvalidOptionsError([`"in" needs at least one value of "${search.property}"`]);
  for (const value of search.values) wantedText(search.property, value, context);
}

function ruleOf(property: string, { entityClass }: Context): SearchRule {
  const rule = entityModel(entityClass).searchable.get(property);
  if (rule === undefined) throw new EncryptedPropertyInFilterError(property);
  return rule;
}

/** What is searched for a value. Throws `INVALID_OPTIONS` for a value that no row is found by. */
export function wantedText(property: string, value: unknown, context: Context): SearchedText {
  const rule = ruleOf(property, context);
  try {
    const declared = entityModel(context.entityClass).options.get(property)?.type;
    const wanted = searchedText(property, rule, encodeValue(property, value, declared));
    if (wanted !== null) return wanted;
  } catch (error) {
    if (!(error instanceof UnsupportedValueError)) throw error;
  }
  throw new InvalidOptionsError([`the filter gives "${property}" a value that no row can be found by`]);
}

/** The condition with the comparisons of each search. A search takes its partition from the nearest `and` that names one. */
export async function withTags(
  condition: Condition,
  context: TableContext,
  partitionKey?: string,
): Promise<Condition<ResolvedSearch>> {
  if (condition.kind === 'comparison') return condition;
  if (condition.kind === 'search') return resolved(condition, context, partitionKey);
  if (condition.kind === 'not') return { kind: 'not', part: await withTags(condition.part, context, partitionKey) };
  const own = condition.kind === 'and' ? (partitionIn(condition.parts) ?? partitionKey) : partitionKey;
  return {
    kind: condition.kind,
    parts: await Promise.all(condition.parts.map((part) => withTags(part, context, own))),
  };
}

function partitionIn(parts: readonly Condition[]): string | undefined {
  const found = parts.find(
    (part) => part.kind === 'comparison' && part.column === 'PartitionKey' && part.operator === 'eq',
  );
  return found?.kind === 'comparison' && typeof found.value === 'string' ? found.value : undefined;
}

async function resolved(
  search: SealedSearch,
  context: TableContext,
  partitionKey: string | undefined,
): Promise<ResolvedSearch> {
  assertSearch(search, context);
  const { property, values } = search;
  const rule = ruleOf(property, context);
  if (rule.scope === 'partition' && partitionKey === undefined) {
    throw new InvalidOptionsError([
      `"${property}" is searched within a partition: join where('partitionKey', 'eq', ...) to it with and()`,
    ]);
  }
  const wanted = values.map((value) => wantedText(property, value, context));
  const keys = findingKeys(await contextKeys(context, partitionKey));
  const place = { table: context.table, property, partitionKey: partitionKey ?? '' };
  const tags = new Set(wanted.flatMap((searched) => keys.map((key) => searchTag(key, place, { rule, searched }))));
  const isSometimes = entityModel(context.entityClass).sometimesSealed.includes(property);
  const inClear = isSometimes ? values.flatMap((value) => clearComparison(property, value)) : [];
  return {
    ...search,
    rule,
    wanted,
    tags,
    comparisons: [...[...tags].map((tag) => tagComparison(property, tag)), ...inClear],
  };
}

export const tagComparison = (property: string, tag: string): Comparison =>
  equal(tagColumnOf(property), `'${tag}'`, tag);

/** None for a value that no column holds in plaintext. */
function clearComparison(property: string, value: unknown): readonly Comparison[] {
  const literal = literalOf(value);
  return literal === null ? [] : [equal(property, literal, value)];
}

/** The condition that the service evaluates. */
export function asked(condition: Condition<ResolvedSearch>): Condition {
  if (condition.kind === 'comparison') return condition;
  if (condition.kind === 'search') return join('or', ...condition.comparisons);
  if (condition.kind === 'not') return { kind: 'not', part: asked(condition.part) };
  return join(condition.kind, ...condition.parts.map(asked));
}
