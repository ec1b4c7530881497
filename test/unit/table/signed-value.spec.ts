import { signedValue, valuesToSign } from '../../../src/table/values/signed-value.js';

const hexOf = (value: unknown): string | undefined => {
  const signed = signedValue(value);
  return signed === null ? undefined : `${signed.type} ${Buffer.from(signed.bytes).toString('hex')}`;
};
const typed = (type: string, value: unknown) => ({ type, value });

/** What the application passes, and how the SDK returns the same value. */
it.each<readonly [what: string, spellings: readonly unknown[], expected: string]>([
  ['a text', ['open ü', typed('String', 'open ü')], '1 6f70656e20c3bc'],
  ['an empty text', ['', typed('String', '')], '1 '],
  ['an integer', [17, 17.0, typed('Int32', 17), typed('Int32', '17'), typed('Double', '17.0')], '2 4031000000000000'],
  ['a fraction', [0.1, typed('Double', '0.1'), typed('Double', '1E-1')], '2 3fb999999999999a'],
  ['zero', [0, -0, typed('Double', '-0'), typed('Int32', 0)], '2 0000000000000000'],
  ['64 bits', [-(2n ** 63n), typed('Int64', '-9223372036854775808')], '3 8000000000000000'],
  ['true', [true, typed('Boolean', true), typed('Boolean', 'true')], '4 01'],
  ['false', [false, typed('Boolean', 'false')], '4 00'],
  [
    'a time, with or without finer digits',
    [
      new Date('2026-02-28T23:59:58.123Z'),
      typed('DateTime', '2026-02-28T23:59:58.123Z'),
      typed('DateTime', '2026-02-28T23:59:58.1239999Z'),
      typed('DateTime', '2026-03-01T00:59:58.123+01:00'),
    ],
    '5 0000019ca6b1d4ab',
  ],
  ['a time before 1970', [new Date(-1), typed('DateTime', '1969-12-31T23:59:59.9999999Z')], '5 ffffffffffffffff'],
  [
    'a Guid in any letter case',
    [typed('Guid', '12345678-90AB-cdef-1234-567890abcdef'), typed('Guid', '12345678-90ab-CDEF-1234-567890abcdef')],
    '6 31323334353637382d393061622d636465662d313233342d353637383930616263646566',
  ],
  ['bytes', [new Uint8Array([0, 1, 254]), Buffer.from([0, 1, 254]), typed('Binary', 'AAH+')], '7 0001fe'],
])('%s is signed as the application sees it', (_what, spellings, expected) => {
  expect(spellings.map(hexOf)).toEqual(spellings.map(() => expected));
});

it.each<readonly [string, unknown]>([
  ['NaN', NaN],
  ['infinity', Infinity],
  ['a typed infinity', typed('Double', '-Infinity')],
  ['an empty number', typed('Double', '')],
  ['a hexadecimal number', typed('Int32', '0x11')],
  ['half a surrogate pair', 'a\ud800'],
  ['half of a typed surrogate pair', typed('String', '\udc00')],
  ['a number as text', typed('String', 5)],
  ['65 bits', 2n ** 63n],
  ['65 typed bits', typed('Int64', '9223372036854775808')],
  ['an Int64 with a fraction', typed('Int64', '1.0')],
  ['an invalid date', new Date(NaN)],
  ['a date without a zone', typed('DateTime', '2026-02-28T23:59:58')],
  ['a date in words', typed('DateTime', 'Sat Feb 28 2026')],
  ['a Guid without dashes', typed('Guid', '1234567890abcdef1234567890abcdef')],
  ['a Guid in braces', typed('Guid', '{12345678-90ab-cdef-1234-567890abcdef}')],
  ['a Boolean with another word', typed('Boolean', 'yes')],
  ['Binary that is not base64', typed('Binary', '*')],
  ['an unknown type', typed('Money', '1')],
  ['a member of every object as a type', typed('constructor', '1')],
  ['an object', {}],
  ['a list', [1]],
  ['a symbol', Symbol('x')],
])('%s cannot be signed, and the error names the property', (_what, value) => {
  expect(signedValue(value)).toBeNull();
  expect(() => valuesToSign(['status'], { status: value })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_VALUE', propertyName: 'status' }) as Error,
  );
});

it('values that a table does not store are not signed', () => {
  const entity = { a: null, b: undefined, c: typed('String', null), d: 1 };

  expect([...valuesToSign(['a', 'b', 'c', 'd', 'e', 'toString'], entity).keys()]).toEqual(['d']);
});

it.each([
  ['half a surrogate pair', '\ud800'],
  ['more than 65,535 bytes', 'ü'.repeat(32_768)],
])('a name with %s cannot be signed', (_what, name) => {
  expect(() => valuesToSign([name], { [name]: 1 })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_VALUE' }) as Error,
  );
});
