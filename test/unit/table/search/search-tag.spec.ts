import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SearchRule, searchRuleOf } from '../../../../src/decorators/searchable.js';
import { HmacSearchKey } from '../../../../src/keys/hmac-search-key.js';
import { searchTag } from '../../../../src/table/search/search-tag.js';
import { isSameText, searchedText } from '../../../../src/table/search/searched-text.js';
import { encodeValue } from '../../../../src/table/values/property-value.js';
import { PROJECT_ROOT } from '../../../support/source-tree.js';

interface KnownTag {
  readonly key: string;
  readonly table: string;
  readonly property: string;
  readonly scope: string;
  readonly type: string;
  readonly value: string;
  readonly text: string;
  readonly bits: number;
  readonly normalize?: 'text';
  readonly tag: string;
}

/** Made by search_tags.py, next to the file. */
const { cases } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'test/vectors/search-tags.json'), 'utf8')) as {
  readonly cases: readonly KnownTag[];
};

const VALUES: Readonly<Record<string, (value: string) => unknown>> = {
  string: String,
  number: Number,
  bigint: BigInt,
  date: (value) => new Date(value),
  binary: (value) => Buffer.from(value, 'hex'),
};
const rule = (more: Partial<SearchRule> = {}): SearchRule => ({ ...(searchRuleOf(true) as SearchRule), ...more });
const textOf = (value: unknown, more: Partial<SearchRule> = {}) =>
  searchedText('p', rule(more), encodeValue('p', value));
const keyOf = (hex: string) => HmacSearchKey.fromKeyObject(createSecretKey(Buffer.from(hex, 'hex')));

describe('a search tag', () => {
  it.each(cases.map((known) => [known.type, known.text, known.bits, known] as const))(
    'of the %s %j with %d bits equals what Python computes',
    (_type, _text, _bits, { key, table, property, scope, type, value, text, bits, tag, ...known }) => {
      const normalize = known.normalize ?? 'none';
      const tagged = { bits, normalize, scope: scope === '' ? 'table' : 'partition' } as const;
      const searched = textOf(VALUES[type]?.(value), tagged);

      expect(searched).toEqual({ type, text });
      if (searched === null) return;
      const place = { table, property, partitionKey: scope === '' ? 'ignored' : scope };
      expect(searchTag(keyOf(key), place, { rule: rule(tagged), searched })).toBe(tag);
    },
  );

  it.each([
    ['another table', { table: 'visits' }],
    ['another property', { property: 'name' }],
    ['another partition', { partitionKey: 'south' }],
  ])('differs in %s', (_where, other) => {
    const key = HmacSearchKey.generate();
    const place = { table: 'patients', property: 'ssn', partitionKey: 'north' };
    const searched = { type: 'string', text: 'x' };

    expect(searchTag(key, place, { rule: rule(), searched })).not.toBe(
      searchTag(key, { ...place, ...other }, { rule: rule(), searched }),
    );
  });

  it('separates parts that would be equal if they were concatenated', () => {
    const key = HmacSearchKey.generate();
    const tag = (partitionKey: string, text: string) =>
      searchTag(key, { table: 't', property: 'p', partitionKey }, { rule: rule(), searched: { type: 'string', text } });

    expect(tag('ab', 'c')).not.toBe(tag('a', 'bc'));
  });
});

describe('the searched text', () => {
  it.each([
    ['null', null],
    ['NaN', NaN],
  ])('is nothing for %s', (_name, value) => {
    expect(textOf(value)).toBeNull();
    expect(isSameText(textOf(value), textOf(value))).toBe(false);
  });

  it('is the same for 0 and -0, and not for 1 and "1"', () => {
    expect(isSameText(textOf(0), textOf(-0))).toBe(true);
    expect(isSameText(textOf(1), textOf('1'))).toBe(false);
  });

  it.each([
    ['Ann Bea', '\uff21nn\u3000\uff22ea'],
    ['\u00e5ngstr\u00f6m', 'A\u030angstro\u0308m'],
    ['fin', ' \ufb01N\n'],
  ])('normalizes to the same text: %j, %j', (one, other) => {
    const normalize = 'text';

    expect(isSameText(textOf(one, { normalize }), textOf(other, { normalize }))).toBe(true);
    expect(isSameText(textOf(one), textOf(other))).toBe(false);
  });

  it('is what "of" returns, with its type', () => {
    const of = (born: Date) => born.toISOString().slice(0, 7);

    expect(textOf(new Date('1980-05-17T00:00:00Z'), { of })).toEqual({ type: 'string', text: '1980-05' });
    expect(textOf({ city: 'Rome' }, { of: ({ city }: { readonly city: string }) => city, normalize: 'text' })).toEqual({
      ...{ type: 'string', text: 'rome' },
    });
    expect(textOf('x', { of: () => undefined })).toBeNull();
    expect(textOf(null, { of: () => 'never called' })).toBeNull();
  });

  it.each([
    ['a boolean', true, {}],
    ['JSON', { a: 1 }, {}],
    ['an "of" that returns a boolean', 'x', { of: () => true as never }],
  ])('rejects %s', (_what, value, more) => {
    expect(() => textOf(value, more)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VALUE' }) as Error);
  });
});
