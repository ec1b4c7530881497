/**
 * Evaluates the filter again after decryption. A row may be found by a tag although its value differs: short tags collide, and
 * other writers leave old tags behind. Then the whole filter is evaluated. Otherwise the service has evaluated its comparisons
 * better than they can be repeated here, so only sealed values are compared, because the service may return other rows than
 * requested.
 */
import { tagColumnOf } from '../../decorators/searchable.js';
import type { EntityKeys, Row } from '../entity-context.js';
import { convertedValues } from '../entity-instance.js';
import { comparisonsIn, type Condition, searchesIn } from '../filter/condition.js';
import { holds } from '../filter/comparison.js';
import type { SealedTexts } from '../opened-row.js';
import { storedValue } from '../stored-value.js';
import { encodeValue, type TypedText } from '../values/property-value.js';
import { isSameText, searchedText, type SearchedText } from './searched-text.js';
import type { ResolvedSearch } from './tag-conditions.js';

type StoredRow = Row & EntityKeys;

export class FoundRows {
  /** Columns that are needed to evaluate the filter again. */
  readonly columns: readonly string[];
  /** Names of the properties that are searched. */
  readonly properties: readonly string[];
  readonly #condition: Condition<ResolvedSearch>;
  readonly #searches: readonly ResolvedSearch[];

  constructor(condition: Condition<ResolvedSearch>) {
    this.#condition = condition;
    this.#searches = searchesIn<ResolvedSearch>(condition);
    this.properties = [...new Set(this.#searches.map(({ property }) => property))];
    this.columns = [
      ...this.properties,
      ...this.properties.map(tagColumnOf),
      ...comparisonsIn<ResolvedSearch>(condition).map(({ column }) => column),
    ];
  }

  /** Whether the filter holds for an opened row that the service returned for it. */
  accepts(row: StoredRow, texts: SealedTexts): boolean {
    const hasValue = (search: ResolvedSearch): boolean => {
      const found = textIn(row, texts, search);
      return search.wanted.some((wanted) => isSameText(wanted, found)) || isClearlyFound(row, texts, search);
    };
    const isMisled = this.#searches.some((search) => hasTag(row, search) && !hasValue(search));
    const values = isMisled ? convertedValues(row) : null;
    return evaluated(this.#condition, { values, hasValue }, true);
  }
}

const hasTag = (row: Row, { property, tags }: ResolvedSearch): boolean =>
  tags.has(String(storedValue(row[tagColumnOf(property)])));

/** Whether a property that is in plaintext has the value as the service compares it. */
const isClearlyFound = (row: StoredRow, texts: SealedTexts, { property, comparisons }: ResolvedSearch): boolean =>
  !texts.has(property) &&
  comparisons.some((comparison) => comparison.column === property && holds(comparison, convertedValues(row)) !== false);

/** `null` for a property that is missing, or cannot be searched. */
function textIn(row: Row, texts: SealedTexts, { property, rule }: ResolvedSearch): SearchedText | null {
  try {
    const value = texts.get(property) ?? clearText(property, row);
    return value === undefined ? null : searchedText(property, rule, value);
  } catch {
    return null;
  }
}

function clearText(property: string, row: Row): TypedText | undefined {
  const value = convertedValues({ value: row[property] })['value'];
  return value === undefined || value === null ? undefined : encodeValue(property, value);
}

interface OpenedValues {
  /** `null` if comparisons are not repeated. */
  readonly values: Row | null;
  readonly hasValue: (search: ResolvedSearch) => boolean;
}

/**
 * `unknown` is the result of comparisons that cannot be repeated here. It is `true` at first, so that no row is lost; `not`
 * inverts it.
 */
function evaluated(condition: Condition<ResolvedSearch>, opened: OpenedValues, unknown: boolean): boolean {
  if (condition.kind === 'comparison')
    return (opened.values === null ? null : holds(condition, opened.values)) ?? unknown;
  if (condition.kind === 'search') return opened.hasValue(condition);
  if (condition.kind === 'not') return !evaluated(condition.part, opened, !unknown);
  const isMet = (part: Condition<ResolvedSearch>): boolean => evaluated(part, opened, unknown);
  return condition.kind === 'and' ? condition.parts.every(isMet) : condition.parts.some(isMet);
}
