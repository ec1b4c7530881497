/** What the compiler knows about filters: which names, operators and values go together. */
import type { Edm } from '@azure/data-tables';
import type { FilterableName } from '../../decorators/filterable.js';
import type { SearchableName } from '../../decorators/searchable.js';
import type { FilterComparison } from './condition.js';
import type { FilterLiteral } from './odata-literal.js';

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

/** Whether a filter compares only clear properties, or searches encrypted ones. */
export type FilterKind = 'clear' | 'search';

/** A comparison of a clear property. */
export type FilterArguments<T extends object, Name extends FilterName<T>> = [
  name: Name,
  operator: FilterOperator<FilterValue<T, Name>>,
  value: FilterValue<T, Name>,
];

/** A search of an encrypted property that the class lists under `Searchable`: for one value, or for any of a list. */
export type SearchArguments<T extends object, Name extends SearchableName<T>> =
  | [name: Name, operator: 'eq', value: NonNullable<T[Name]>]
  | [name: Name, operator: 'in', values: readonly NonNullable<T[Name]>[]];
