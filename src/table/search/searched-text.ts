/**
 * The text of a value that is searched: its canonical text (`values/canonical-text.ts`) and type, after `of` and `normalize`. -0
 * is 0; `null` and NaN cannot be searched, since nothing equals them.
 */
import type { SearchRule } from '../../decorators/searchable.js';
import { asBuffer } from '../../crypto/bytes.js';
import { UnsupportedValueError } from '../../errors/input.js';
import { decodeValue, encodeValue, type TypedText } from '../values/property-value.js';

export interface SearchedText {
  readonly type: string;
  readonly text: string;
}

const SEARCHED_TYPES = ['string', 'number', 'bigint', 'date', 'binary'];

/**
 * The searched text of a sealed text; `null` for a value that cannot be found. Throws {@link UnsupportedValueError} for a value
 * whose type cannot be searched, and what `of` throws.
 */
export function searchedText(name: string, rule: SearchRule, sealed: TypedText): SearchedText | null {
  const { type, bytes } = rule.of === undefined || sealed.type === 'null' ? sealed : mapped(name, rule.of, sealed);
  if (type === 'null') return null;
  if (!SEARCHED_TYPES.includes(type)) {
    throw new UnsupportedValueError(
      name,
      `holds ${type}, which cannot be searched: give "searchable.of" a function that returns a string, a number or a Date`,
    );
  }
  const text = asBuffer(bytes).toString('utf8');
  if (type === 'number') return text === 'NaN' ? null : { type, text: text === '-0' ? '0' : text };
  return { type, text: type === 'string' && rule.normalize === 'text' ? normalized(text) : text };
}

/** The same; `null` also for a value that cannot be searched, which has no tag. */
export function searchedTextIfAny(name: string, rule: SearchRule, sealed: TypedText): SearchedText | null {
  try {
    return searchedText(name, rule, sealed);
  } catch {
    return null;
  }
}

function mapped(name: string, of: NonNullable<SearchRule['of']>, sealed: TypedText): TypedText {
  const given: unknown = (of as (value: unknown) => unknown)(decodeValue(sealed));
  return encodeValue(name, given ?? null);
}

/** Unicode form NFKC, trimmed, one space for each run of white space, lower case. */
const normalized = (text: string): string => text.normalize('NFKC').trim().replaceAll(/\s+/gu, ' ').toLowerCase();

export const isSameText = (one: SearchedText | null, other: SearchedText | null): boolean =>
  one !== null && other !== null && one.type === other.type && one.text === other.text;
