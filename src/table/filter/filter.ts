import type { EntityClass } from '../../decorators/encryption-metadata.js';
import type { SearchableName } from '../../decorators/searchable.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { assertDeclaredName } from '../entity-class.js';
import { entityModel } from '../entity-model.js';
import { assertColumns, columnOf } from '../key-names.js';
import { PROPERTY_NAME } from '../property-name.js';
import { assertSearch } from '../search/tag-conditions.js';
import {
  COMPARISONS,
  columnsIn,
  type Condition,
  conditionText,
  type FilterComparison,
  join,
  type SealedSearch,
  searchesIn,
} from './condition.js';
import { assertClearName } from './filter-guard.js';
import type { FilterArguments, FilterKind, FilterName, SearchArguments } from './filter-types.js';
import { odataLiteral } from './odata-literal.js';
import { endOfPrefix } from './prefix.js';

/**
 * A filter over clear and searchable properties. Values become literals of their type, so none of them can change the query. A filter is
 * immutable: every call returns a new one.
 *
 * @example
 * ```ts
 * import { EncryptedEntity, type EncryptedTableClient, Filterable } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity<Visit>({ table: 'visits', clear: ['ward', 'urgent'] })
 * class Visit {
 *   [Filterable]?: 'ward' | 'urgent';
 *   partitionKey!: string;
 *   rowKey!: string;
 *   ward!: string;
 *   urgent!: boolean;
 * }
 *
 * export function urgentOn(visits: EncryptedTableClient<Visit>, ward: string, month: string) {
 *   const where = visits.where('ward', 'eq', ward).and('urgent', 'eq', true).and('rowKey', 'startsWith', month);
 *   return visits.listEntities({ where });
 * }
 * ```
 */
export class Filter<T extends object, Kind extends FilterKind = 'clear'> {
  /** Only for the compiler: what the filter compares. */
  declare protected readonly kind: Kind;

  declare private readonly condition: Condition;

  private constructor(
    private readonly entityClass: EntityClass<T>,
    condition: Condition,
  ) {
    // not enumerable: the values of a search are secret, and must not be in a log or in JSON
    Object.defineProperty(this, 'condition', { value: condition });
  }

  /**
   * Throws `ENCRYPTED_PROPERTY_IN_FILTER` for a sealed property that is not searchable, `UNDECLARED_PROPERTY` for one that the
   * class does not list as clear, and `INVALID_OPTIONS` for an invalid name, operator or value.
   */
  static where<T extends object, Kind extends FilterKind = 'clear'>(
    entityClass: EntityClass<T>,
    [name, operator, value]: readonly [name: string, operator: string, value: unknown],
  ): Filter<T, Kind> {
    if (!PROPERTY_NAME.test(name)) throw new InvalidOptionsError(['a filter needs the name of a property']);
    if (entityModel(entityClass).searchable.has(name)) {
      const search = sealedSearch(name, operator, value);
      assertSearch(search, { entityClass });
      return new Filter(entityClass, search);
    }
    assertClearName(entityClass, name);
    const column = columnOf(name, entityClass);
    if (column === name) assertDeclaredName(name, entityClass);
    if (operator === 'startsWith') return new Filter(entityClass, startsWith(column, value));
    if (!isComparison(operator))
      throw new InvalidOptionsError([`a filter compares with ${COMPARISONS.join(', ')} or startsWith`]);
    return new Filter(entityClass, comparison(column, operator, { name, value }));
  }

  /**
   * The condition of a filter. Throws `ENCRYPTED_PROPERTY_IN_FILTER` if the queried class seals what a filter of another class
   * names, and `INVALID_OPTIONS` for anything that is not a filter.
   */
  static conditionOf<T extends object>(filter: Filter<T, FilterKind>, queriedClass: EntityClass): Condition {
    const { condition }: { readonly condition?: Condition } = Object(filter) as object;
    if (condition === undefined)
      throw new InvalidOptionsError(['"where" needs a filter of where(): pass a text as "queryOptions.filter"']);
    const columns = columnsIn(condition);
    assertColumns(columns, queriedClass);
    for (const column of columns) assertClearName(queriedClass, column);
    return condition;
  }

  /** Both conditions hold. */
  and<Name extends FilterName<T>>(...comparison: FilterArguments<T, Name>): Filter<T, Kind>;
  and<Name extends SearchableName<T>>(...search: SearchArguments<T, Name>): Filter<T, 'search'>;
  and<Other extends FilterKind>(filter: Filter<T, Other>): Filter<T, Kind | Other>;
  and(...given: GivenCondition<T>): Filter<T, FilterKind> {
    return this.joined('and', given);
  }

  /** At least one of the conditions holds. */
  or<Name extends FilterName<T>>(...comparison: FilterArguments<T, Name>): Filter<T, Kind>;
  or<Name extends SearchableName<T>>(...search: SearchArguments<T, Name>): Filter<T, 'search'>;
  or<Other extends FilterKind>(filter: Filter<T, Other>): Filter<T, Kind | Other>;
  or(...given: GivenCondition<T>): Filter<T, FilterKind> {
    return this.joined('or', given);
  }

  /**
   * The condition does not hold.
   *
   * @throws `INVALID_OPTIONS` for a filter that searches encrypted properties: tags of other values may be equal, so rows would
   * be missing. TypeScript rejects it.
   */
  not(this: Filter<T>): Filter<T> {
    const [search] = searchesIn(this.condition);
    if (search !== undefined)
      throw new InvalidOptionsError([`a search of "${search.property}" cannot be under not(): rows would be missing`]);
    return new Filter<T>(this.entityClass, { kind: 'not', part: this.condition });
  }

  /** The OData text, as `queryOptions.filter` accepts it. The text of a search is not known yet, and is rejected there. */
  toString(): string {
    return conditionText(this.condition);
  }

  private joined(kind: 'and' | 'or', given: GivenCondition<T>): Filter<T, FilterKind> {
    const other = given.length === 1 ? given[0] : Filter.where<T, FilterKind>(this.entityClass, given);
    return new Filter<T, FilterKind>(this.entityClass, join(kind, this.condition, other.condition));
  }
}

type GivenCondition<T extends object> = readonly [Filter<T, FilterKind>] | readonly [string, string, unknown];

const isComparison = (operator: string): operator is FilterComparison =>
  (COMPARISONS as readonly string[]).includes(operator);

const comparison = (
  column: string,
  operator: FilterComparison,
  { name, value }: { readonly name: string; readonly value: unknown },
): Condition => ({ kind: 'comparison', column, operator, literal: odataLiteral(name, value), value });

function sealedSearch(property: string, operator: string, value: unknown): SealedSearch {
  if (operator === 'eq') return { kind: 'search', property, values: [value] };
  if (operator === 'in' && Array.isArray(value)) return { kind: 'search', property, values: [...(value as unknown[])] };
  throw new InvalidOptionsError([
    `"${property}" is encrypted: search it with "eq" and a value, or with "in" and a list of values`,
  ]);
}

/** The strings with a prefix, as a range in the order of the service. */
function startsWith(column: string, value: unknown): Condition {
  if (typeof value !== 'string') throw new InvalidOptionsError(['"startsWith" needs a text']);
  const end = endOfPrefix(value);
  const from = comparison(column, 'ge', { name: column, value });
  return end === null ? from : join('and', from, comparison(column, 'lt', { name: column, value: end }));
}
