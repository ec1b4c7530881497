/** Which encrypted properties can be searched for, and how their values are compared. */
import {
  callable,
  choice,
  groupFaults,
  isObject,
  must,
  type OptionRule,
  type RulesOf,
  wholeNumber,
} from '../option-rules.js';

/**
 * Key of the list of searchable properties. TypeScript cannot see decorators, so the class lists in a type the properties that
 * have `@Encrypt({ searchable })`, and `where` compiles for them. Nothing is stored under this key.
 *
 * @example
 * ```ts
 * import { Encrypt, EncryptedEntity, Searchable } from 'nestjs-azure-encrypted-storage';
 *
 * @EncryptedEntity({ table: 'patients' })
 * export class Patient {
 *   [Searchable]?: 'ssn';
 *   partitionKey!: string;
 *   rowKey!: string;
 *   @Encrypt({ searchable: true }) ssn!: string;
 *   @Encrypt() diagnosis!: string;
 * }
 * ```
 */
export const Searchable: unique symbol = Symbol.for('nestjs-azure-encrypted-storage/searchable');

/** The names that a class lists under {@link Searchable}; `never` without a list. */
export type SearchableName<Entity> = Entity extends { readonly [Searchable]?: infer Names }
  ? Extract<Names, keyof Entity & string>
  : never;

/** How an encrypted property is searched. */
export interface SearchableOptions {
  /**
   * Where equal values have equal tags: only within a partition, or in the whole table. A search within a partition must name the
   * partition. It is faster and reveals less.
   *
   * @defaultValue 'partition'
   */
  readonly scope?: 'partition' | 'table';
  /**
   * `'text'` compares texts in Unicode form NFKC, trimmed, with one space for each run of white space, and in lower case. This is
   * not full case folding: `ß` differs from `ss`.
   *
   * @defaultValue 'none'
   */
  readonly normalize?: 'none' | 'text';
  /**
   * Returns what to compare instead of the value, such as the month of a date. It must always return the same for the same value.
   * Rows for which it returns `null` or `undefined` are not found. Booleans and JSON need it.
   */
  readonly of?: (value: never) => string | number | Date | null | undefined;
  /**
   * Length of the tag in bits, 4 to 128. Fewer bits make a search read more rows that it then drops, and hide little: see
   * docs/tables.md.
   *
   * @defaultValue 128
   */
  readonly bits?: number;
  /**
   * `'write'` writes tags but rejects searches. Use it while there are rows without tags.
   *
   * @defaultValue 'use'
   */
  readonly mode?: 'write' | 'use';
  /**
   * `true` also writes an entry to a second table, `<table>lookup`, for each row. Searches read it instead of the whole table, so
   * use it for tables of more than about 10,000 rows in the scope. `'unique'` rejects a value that another row of the scope has,
   * with `DUPLICATE_VALUE`.
   *
   * @defaultValue false
   */
  readonly lookup?: boolean | 'unique';
}

/** The options with their defaults. */
export type SearchRule = Required<Omit<SearchableOptions, 'of'>> & Pick<SearchableOptions, 'of'>;

/** Reserved: the columns that hold search tags, followed by the name of the property. */
export const TAG_PREFIX = 'azcse_t_';

export const tagColumnOf = (property: string): string => TAG_PREFIX + property;

/** Length of a column's name; the service's limit. */
const LONGEST_COLUMN = 255;
const [LEAST_BITS, MOST_BITS] = [4, 128];

const SEARCHABLE: RulesOf<SearchableOptions> = {
  scope: choice(['partition', 'table']),
  normalize: choice(['none', 'text']),
  of: callable,
  bits: wholeNumber(LEAST_BITS, MOST_BITS),
  mode: choice(['write', 'use']),
  lookup: must((value) => typeof value === 'boolean' || value === 'unique', 'true, false or "unique"'),
};
/** The rule of the option `searchable` alone, without combinations with other options. */
export const SEARCHABLE_RULE: OptionRule = {
  members: SEARCHABLE,
  faults: (value, path) =>
    isObject(value)
      ? groupFaults(SEARCHABLE, value, path)
      : must((given) => typeof given === 'boolean', 'true, false or an object').faults(value, path),
};

/** `null` for a property that is not searchable. */
export function searchRuleOf(searchable: boolean | SearchableOptions | undefined): SearchRule | null {
  if (searchable === undefined || searchable === false) return null;
  const {
    scope = 'partition',
    normalize = 'none',
    of,
    bits = MOST_BITS,
    mode = 'use',
    lookup = false,
  } = Object(searchable) as SearchableOptions;
  return { scope, normalize, bits, mode, lookup, of };
}

/** Other declarations of a property that its tags depend on. */
interface SearchedDeclaration {
  readonly type?: string | undefined;
  readonly when?: unknown;
}

/** What is wrong with a checked `searchable` at this property, as text to put after the name of the property. */
export function searchableFault(
  property: string,
  searchable: boolean | SearchableOptions | undefined,
  { type, when }: SearchedDeclaration,
): string | null {
  if (searchable === undefined || searchable === false) return null;
  const given = searchable === true ? {} : searchable;
  return lookupFault(given, when) ?? conditionFault(given, when) ?? declarationFault(property, given, type);
}

/** A value in plaintext has no tag, and so no entry; and short tags of different values may be equal. */
function lookupFault({ lookup = false, bits = MOST_BITS }: SearchableOptions, when: unknown): string | null {
  if (lookup !== false && when !== undefined)
    return 'has "when", so it can have no "searchable.lookup": rows with the value in plaintext would not be found';
  return lookup === 'unique' && bits !== MOST_BITS
    ? `is unique, so its tags need ${MOST_BITS} bits: leave out "searchable.bits"`
    : null;
}

/** If the condition does not hold, the service compares the value itself, which it can neither normalize nor map. */
const conditionFault = ({ normalize = 'none', of }: SearchableOptions, when: unknown): string | null =>
  when !== undefined && (normalize !== 'none' || of !== undefined)
    ? 'has "when", so it can be searched only by its exact value: leave out "normalize" and "of"'
    : null;

function declarationFault(property: string, { of }: SearchableOptions, type: string | undefined): string | null {
  if (of === undefined && (type === 'boolean' || type === 'json')) {
    return `is ${type}, which has no search tag: give "searchable.of" to say what is searched`;
  }
  return tagColumnOf(property).length > LONGEST_COLUMN
    ? `is searchable, so its name must have at most ${LONGEST_COLUMN - TAG_PREFIX.length} characters`
    : null;
}
