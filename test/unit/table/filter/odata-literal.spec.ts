import fc from 'fast-check';
import { namesInFilter } from '../../../../src/table/filter/filter-names.js';
import { odataLiteral } from '../../../../src/table/filter/odata-literal.js';
import { endOfPrefix } from '../../../../src/table/filter/prefix.js';
import { runs } from '../../../support/property-runs.js';

describe('a literal', () => {
  const literals: readonly (readonly [unknown, string])[] = [
    ['', "''"],
    ["o'brien' or name ne '", "'o''brien'' or name ne '''"],
    ['ü\n🔑', "'ü\n🔑'"],
    [0, '0'],
    [-0, '0'],
    [2 ** 31 - 1, '2147483647'],
    [-(2 ** 31), '-2147483648'],
    [2 ** 31, '2147483648.0'],
    [1.5, '1.5'],
    [-1.25e-7, '-0.000000125'],
    [1.5e21, '1500000000000000000000.0'],
    [1.2345678901234567e5, '123456.78901234567'],
    [2n ** 63n - 1n, '9223372036854775807L'],
    [-(2n ** 63n), '-9223372036854775808L'],
    [true, 'true'],
    [false, 'false'],
    [new Date('2026-02-03T04:05:06.789Z'), "datetime'2026-02-03T04:05:06.789Z'"],
    [Buffer.from([0, 255]), "X'00ff'"],
    [new Uint8Array([1, 2, 3]).subarray(1), "X'0203'"],
    [{ type: 'Double', value: 5 }, '5.0'],
    [{ type: 'Int32', value: 5 }, '5'],
    [{ type: 'Int64', value: '5' }, '5L'],
    [{ type: 'String', value: "'" }, "''''"],
    [{ type: 'Boolean', value: true }, 'true'],
    [{ type: 'DateTime', value: '2026-02-03T04:05:06.7890123Z' }, "datetime'2026-02-03T04:05:06.7890123Z'"],
    [{ type: 'Guid', value: 'A0000000-0000-0000-0000-00000000000b' }, "guid'A0000000-0000-0000-0000-00000000000b'"],
    [{ type: 'Binary', value: 'AP8=' }, "X'00ff'"],
  ];
  it.each(literals)('of %p is %s', (value, literal) => {
    expect(odataLiteral('p', value)).toBe(literal);
  });

  it.each<unknown>([
    ...[null, undefined, NaN, Infinity, 2n ** 63n, -(2n ** 63n) - 1n, new Date(NaN), new Date(8.64e15), '\ud800'],
    ...[{}, [], () => 1, Symbol('s'), { type: 'Other', value: 1 }, new Map()],
    { type: 'Double', value: NaN },
    { type: 'Double', value: '1 or true' },
    { type: 'Int32', value: 1.5 },
    { type: 'Int32', value: 2 ** 31 },
    { type: 'Int64', value: '1L or true' },
    { type: 'Int64', value: '9223372036854775808' },
    { type: 'Boolean', value: 'true or true' },
    { type: 'String', value: 1 },
    { type: 'DateTime', value: "2026-01-01T00:00:00Z' or PartitionKey ne '" },
    { type: 'DateTime', value: 'tomorrow' },
    { type: 'Guid', value: "' or PartitionKey ne '" },
    { type: 'Binary', value: "' or PartitionKey ne '" },
  ])('is rejected for %p, and the error names the property', (value) => {
    expect(() => odataLiteral('p', value)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('"p"') as string }) as Error,
    );
  });

  it('of a number is the number, without an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const literal = odataLiteral('p', { type: 'Double', value });
        expect(literal).toMatch(/^-?\d+\.\d+$/);
        expect(Number(literal)).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('never adds a name to the filter', () => {
    const values = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom("'", "''", "' or name eq '", "\\' or name eq 1"),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(values, values, (one, other) => {
        const filter = `a eq ${odataLiteral('a', one)} and b eq ${odataLiteral('b', other)}`;
        expect(namesInFilter(filter)).toEqual(['a', 'b']);
      }),
    );
  });
});

describe('the end of a prefix', () => {
  it.each([
    ['a', 'b'],
    ['north-', 'north.'],
    ['', null],
    ['\uffff\uffff', null],
    ['a\uffff', 'b'],
    ['a\ud7ff', 'a\u{10000}'],
    ['a\u{10ffff}', 'a\ue000'],
    ['🔑', '🔒'],
  ])('%j is %j', (prefix, end) => {
    expect(endOfPrefix(prefix)).toBe(end);
  });

  it('sorts after every text that begins with it, and before every other text that sorts after it', () => {
    const text = fc.string({ unit: 'binary', maxLength: 4 });
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const end = endOfPrefix(prefix);
        expect(end === null || prefix + other < end).toBe(true);
        expect(other.startsWith(prefix)).toBe(other >= prefix && (end === null || other < end));
      }),
      { numRuns: runs(200) },
    );
  });
});
