import type { Edm } from '@azure/data-tables';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import type { FilterableName } from '../../decorators/filterable.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { assertDeclaredName } from '../entity-class.js';
import { COMPARISONS, columnsIn, type Condition, conditionText, type FilterComparison, join } from './condition.js';
import { assertClearName } from './filter-guard.js';
import { type FilterLiteral, odataLiteral } from './odata-literal.js';
import { endOfPrefix } from './prefix.js';

/** What every entity can be filtered by, and the properties that its class lists under `Filterable`. */
export type FilterName<T extends object> = 'partitionKey' | 'rowKey' | 'timestamp' | FilterableName<T>;

type Compared<Value> = Value extends number
  ? Value | Edm<'Int32' | 'Int64' | 'Double'>
  : Value extends bigint
    ? Value | Edm<'Int64'>
    : Value extends Date
      ? Value | Edm<'DateTime'>
      : Value extends Uint8Array
        ? Value | Edm<'Binary'>
        : Value extends FilterLiteral
          ? Value
          : never;

/** What a property can be compared with: values of its own type. */
export type FilterValue<T extends object, Name extends FilterName<T>> = Name extends 'timestamp'
  ? Date
  : Name extends keyof T
    ? Compared<NonNullable<T[Name]>>
    : string;

/** `startsWith` compares only strings. */
export type FilterOperator<Value> = FilterComparison | (Value extends string ? 'startsWith' : never);

/** The service's names for properties that the SDK names differently. */
const COLUMNS = new Map([
  ['partitionKey', 'PartitionKey'],
  ['rowKey', 'RowKey'],
  ['timestamp', 'Timestamp'],
]);
const IDENTIFIER = /^[\p{L}_][\p{L}\p{N}\p{M}\p{Pc}]*$/u;

/**
 * A filter over clear properties. Values become literals of their type, so none of them can change the query. A filter is
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
export class Filter<T extends object> {
  private constructor(
    private readonly entityClass: EntityClass<T>,
    private readonly condition: Condition,
  ) {}

  /**
   * Throws `ENCRYPTED_PROPERTY_IN_FILTER` for a sealed property, `UNDECLARED_PROPERTY` for one that the class does not list as
   * clear, and `INVALID_OPTIONS` for an invalid name, operator or value.
   */
  static where<T extends object>(
    entityClass: EntityClass<T>,
    [name, operator, value]: readonly [name: string, operator: string, value: unknown],
  ): Filter<T> {
    assertClearName(entityClass, name);
    if (!IDENTIFIER.test(name)) throw new InvalidOptionsError(['a filter needs the name of a property']);
    assertDeclaredName(name, entityClass);
    const column = COLUMNS.get(name) ?? name;
    if (operator === 'startsWith') return new Filter(entityClass, startsWith(column, value));
    if (!isComparison(operator))
      throw new InvalidOptionsError([`a filter compares with ${COMPARISONS.join(', ')} or startsWith`]);
    return new Filter(entityClass, comparison(column, operator, odataLiteral(name, value)));
  }

  /**
   * Renders a filter when the query is made. It is asynchronous, so that a condition may need a key. Throws
   * `ENCRYPTED_PROPERTY_IN_FILTER` if the queried class seals what a filter of another class names, and `INVALID_OPTIONS` for
   * anything that is not a filter.
   */
  static async render<T extends object>(filter: Filter<T>, queriedClass: EntityClass): Promise<string> {
    const { condition }: { readonly condition?: Condition } = Object(filter) as object;
    if (condition === undefined)
      throw new InvalidOptionsError(['"where" needs a filter of where(): pass a text as "queryOptions.filter"']);
    for (const column of columnsIn(condition)) assertClearName(queriedClass, column);
    return Promise.resolve(conditionText(condition));
  }

  /** Both conditions hold. */
  and<Name extends FilterName<T>>(
    name: Name,
    operator: FilterOperator<FilterValue<T, Name>>,
    value: FilterValue<T, Name>,
  ): Filter<T>;
  and(filter: Filter<T>): Filter<T>;
  and(...given: readonly [Filter<T>] | readonly [string, string, unknown]): Filter<T> {
    return this.joined('and', given);
  }

  /** At least one of the conditions holds. */
  or<Name extends FilterName<T>>(
    name: Name,
    operator: FilterOperator<FilterValue<T, Name>>,
    value: FilterValue<T, Name>,
  ): Filter<T>;
  or(filter: Filter<T>): Filter<T>;
  or(...given: readonly [Filter<T>] | readonly [string, string, unknown]): Filter<T> {
    return this.joined('or', given);
  }

  /** The condition does not hold. */
  not(): Filter<T> {
    return new Filter(this.entityClass, { kind: 'not', part: this.condition });
  }

  /** The OData text, as `queryOptions.filter` accepts it. */
  toString(): string {
    return conditionText(this.condition);
  }

  private joined(kind: 'and' | 'or', given: readonly [Filter<T>] | readonly [string, string, unknown]): Filter<T> {
    const other = given.length === 1 ? given[0] : Filter.where(this.entityClass, given);
    return new Filter(this.entityClass, join(kind, this.condition, other.condition));
  }
}

const isComparison = (operator: string): operator is FilterComparison =>
  (COMPARISONS as readonly string[]).includes(operator);

const comparison = (column: string, operator: FilterComparison, literal: string): Condition => ({
  kind: 'comparison',
  column,
  operator,
  literal,
});

/** The strings with a prefix, as a range in the order of the service. */
function startsWith(column: string, value: unknown): Condition {
  if (typeof value !== 'string') throw new InvalidOptionsError(['"startsWith" needs a text']);
  const end = endOfPrefix(value);
  const from = comparison(column, 'ge', odataLiteral(column, value));
  return end === null ? from : join('and', from, comparison(column, 'lt', odataLiteral(column, end)));
}
