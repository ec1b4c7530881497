/** What is requested from the service: a permitted filter, and the columns that decryption needs. */
import type { TableEntityQueryOptions } from '@azure/data-tables';
import { requiresEncryption } from '../envelope/encryption-policy.js';
import type { TableContext } from './entity-context.js';
import { entityModel } from './entity-model.js';
import { InvalidOptionsError } from '../errors/input.js';
import { isObject, memberFaults, must, object, refuse, type RulesOf } from '../option-rules.js';
import { columnsIn, conditionText, searchesIn } from './filter/condition.js';
import { Filter } from './filter/filter.js';
import type { FilterKind } from './filter/filter-types.js';
import { assertClearFilter } from './filter/filter-guard.js';
import { namesInFilter } from './filter/filter-names.js';
import { assertColumns, columnOf } from './key-names.js';
import { type Projection, projectionOf } from './projection.js';
import { type LookupPlan, lookupPlan } from './lookup/lookup-plan.js';
import { FoundRows } from './search/found-rows.js';
import { asked, withTags } from './search/tag-conditions.js';

/** Which rows are requested, and which of their properties. */
export interface EncryptedQueryOptions<T extends object> {
  readonly queryOptions?: TableEntityQueryOptions;
  /** A filter from {@link EncryptedTableClient.where}. If `queryOptions` has a filter too, both must hold. */
  readonly where?: Filter<T, FilterKind>;
  /**
   * Lets a filter of `queryOptions` name encrypted properties, which are then compared as ciphertext.
   *
   * @defaultValue false
   */
  readonly filterOnCiphertext?: boolean;
}

export interface EntityQuery {
  readonly queryOptions: TableEntityQueryOptions;
  readonly projection: Projection;
  /** Evaluates the filter again after decryption, if it searches encrypted properties. */
  readonly found: FoundRows | null;
  /** How to use the lookup table, and the text filter that must hold too; `null` if the service searches the table itself. */
  readonly lookup: (LookupPlan & { readonly filter: string | undefined }) | null;
}

/** Other names would be ignored, and every row returned. */
const QUERY: RulesOf<TableEntityQueryOptions> = {
  filter: must((filter) => typeof filter === 'string', 'a text'),
  select: must(
    (select) => Array.isArray(select) && select.every((name) => typeof name === 'string'),
    'a list of names',
  ),
};

const queryFaults = (given: unknown): readonly string[] =>
  isObject(given) ? memberFaults(QUERY, given, 'queryOptions') : object.faults(given, 'queryOptions');

/** Options of `queryOptions` that were given without it. The SDK ignores them. */
const misplacedFaults = (options: object): readonly string[] =>
  ['filter', 'select']
    .filter((name) => Reflect.get(options, name) !== undefined)
    .map((name) => `"${name}" must be in "queryOptions", as for the SDK`);

/** Comparisons in a filter; the service's limit. */
const MOST_COMPARISONS = 15;

/** Throws `ENCRYPTED_PROPERTY_IN_FILTER` for a filter on a sealed property that is not searchable. */
export async function entityQuery<T extends object>(
  options: EncryptedQueryOptions<T>,
  context: TableContext,
): Promise<EntityQuery> {
  refuse([...misplacedFaults(options), ...queryFaults(options.queryOptions ?? {})]);
  const { select } = options.queryOptions ?? {};
  const { text: filter, found, plan } = await wholeFilter(options, context);
  const { sometimesSealed, signed } = entityModel(context.entityClass);
  const projection = projectionOf(select, {
    conditional: requiresEncryption(context.policy) ? sometimesSealed : [],
    // entries also cover what a condition read, which the class does not list
    filtered: namesInFilter(filter ?? '').filter((name) => signed.has(name) || sometimesSealed.length > 0),
    evaluated: found?.columns ?? [],
    columnOf: (name) => columnOf(name, context.entityClass),
  });
  return {
    projection,
    found,
    lookup: plan === null ? null : { ...plan, filter: options.queryOptions?.filter },
    queryOptions: { filter, select: projection.select },
  };
}

interface RenderedFilter {
  readonly text: string | undefined;
  readonly found: FoundRows | null;
  readonly plan: LookupPlan | null;
}

/** The filter of `queryOptions` and `where`; both must hold. */
async function wholeFilter<T extends object>(
  { queryOptions, where, filterOnCiphertext = false }: EncryptedQueryOptions<T>,
  context: TableContext,
): Promise<RenderedFilter> {
  const given = queryOptions?.filter;
  const text = given ?? '';
  assertColumns(namesInFilter(text), context.entityClass);
  if (!filterOnCiphertext) assertClearFilter(context.entityClass, text);
  if (where === undefined) return { text: given, found: null, plan: null };
  const rendered = await renderedFilter(where, { context, others: namesInFilter(text).length });
  return { ...rendered, text: text === '' ? rendered.text : `(${text}) and (${rendered.text})` };
}

/** `others` is the number of comparisons that are made in addition. */
async function renderedFilter<T extends object>(
  where: Filter<T, FilterKind>,
  { context, others }: { readonly context: TableContext; readonly others: number },
): Promise<RenderedFilter & { readonly text: string }> {
  const condition = Filter.conditionOf(where, context.entityClass);
  if (searchesIn(condition).length === 0) return { text: conditionText(condition), found: null, plan: null };
  const resolved = await withTags(condition, context);
  const question = asked(resolved);
  const plan = lookupPlan(resolved);
  const [tag = ''] = plan?.tags ?? [];
  const sent = plan?.conditionFor(tag, { partitionKey: '', rowKey: '' }) ?? question;
  assertCount(columnsIn(sent).length + others);
  return { text: conditionText(question), found: new FoundRows(resolved), plan };
}

function assertCount(comparisons: number): void {
  if (comparisons <= MOST_COMPARISONS) return;
  throw new InvalidOptionsError([
    `the filter makes ${comparisons} comparisons, the service allows ${MOST_COMPARISONS}: each value counts once for each search key`,
  ]);
}
