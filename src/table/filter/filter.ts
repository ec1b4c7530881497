import type { Edm } from '@azure/data-tables';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import type { FilterableName } from '../../decorators/filterable.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { assertDeclaredName } from '../entity-class.js';
import { assertClearName } from './filter-guard.js';
import { type FilterLiteral, odataLiteral } from './odata-literal.js';
import { endOfPrefix } from './prefix.js';

const COMPARISONS = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;

/** How a value is compared: equal, not equal, greater, greater or equal, less, less or equal. */
export type FilterComparison = (typeof COMPARISONS)[number];

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

/** `startsWith` compares texts only. */
export type FilterOperator<Value> = FilterComparison | (Value extends string ? 'startsWith' : never);

/** The names that the service has for what the SDK calls otherwise. */
const COLUMNS = new Map([
  ['partitionKey', 'PartitionKey'],
  ['rowKey', 'RowKey'],
  ['timestamp', 'Timestamp'],
]);
const IDENTIFIER = /^[\p{L}_][\p{L}\p{N}\p{M}\p{Pc}]*$/u;

type Kind = 'comparison' | 'and' | 'or' | 'not';

/**
 * A filter over clear properties. Values become literals of their type: none of them can change what is asked. It is never
 * changed: every call gives a new one.
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
    private readonly kind: Kind,
    private readonly text: string,
  ) {}

  /**
   * Throws `ENCRYPTED_PROPERTY_IN_FILTER` for a sealed property, `UNDECLARED_PROPERTY` for one that the class does not name clear,
   * `INVALID_OPTIONS` for what is not a name, an operator or a value.
   */
  static where<T extends object>(
    entityClass: EntityClass<T>,
    [name, operator, value]: readonly [name: string, operator: string, value: unknown],
  ): Filter<T> {
    assertClearName(entityClass, name);
    if (!IDENTIFIER.test(name)) throw new InvalidOptionsError(['a filter needs the name of a property']);
    assertDeclaredName(name, entityClass);
    const column = COLUMNS.get(name) ?? name;
    if (operator === 'startsWith') return new Filter(entityClass, 'and', startsWith(column, value));
    if (!(COMPARISONS as readonly string[]).includes(operator))
      throw new InvalidOptionsError([`a filter compares with ${COMPARISONS.join(', ')} or startsWith`]);
    return new Filter(entityClass, 'comparison', `${column} ${operator} ${odataLiteral(name, value)}`);
  }

  /** Both hold. */
  and<Name extends FilterName<T>>(
    name: Name,
    operator: FilterOperator<FilterValue<T, Name>>,
    value: FilterValue<T, Name>,
  ): Filter<T>;
  and(filter: Filter<T>): Filter<T>;
  and(...given: readonly [Filter<T>] | readonly [string, string, unknown]): Filter<T> {
    return this.joined('and', given);
  }

  /** At least one of them holds. */
  or<Name extends FilterName<T>>(
    name: Name,
    operator: FilterOperator<FilterValue<T, Name>>,
    value: FilterValue<T, Name>,
  ): Filter<T>;
  or(filter: Filter<T>): Filter<T>;
  or(...given: readonly [Filter<T>] | readonly [string, string, unknown]): Filter<T> {
    return this.joined('or', given);
  }

  /** It does not hold. */
  not(): Filter<T> {
    return new Filter(this.entityClass, 'not', `not (${this.text})`);
  }

  /** The OData text, as `queryOptions.filter` takes it. */
  toString(): string {
    return this.text;
  }

  private joined(kind: 'and' | 'or', given: readonly [Filter<T>] | readonly [string, string, unknown]): Filter<T> {
    const other = given.length === 1 ? given[0] : Filter.where(this.entityClass, given);
    const parts = [this, other].map((part) =>
      part.kind === kind || part.kind === 'comparison' ? part.text : `(${part.text})`,
    );
    return new Filter(this.entityClass, kind, parts.join(` ${kind} `));
  }
}

function startsWith(column: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidOptionsError(['"startsWith" needs a text']);
  const end = endOfPrefix(value);
  const from = `${column} ge ${odataLiteral(column, value)}`;
  return end === null ? from : `${from} and ${column} lt ${odataLiteral(column, end)}`;
}
