import { decodeValue, encodeValue } from '../../../src/table/values/property-value.js';
import type { PropertyType } from '../../../src/wire/property-types.js';

const day = new Date('2026-02-03T04:05:06.789Z');
const textOf = (value: unknown, declared?: PropertyType) => {
  const { type, bytes } = encodeValue('p', value, declared);
  return [type, Buffer.from(bytes).toString('utf8')];
};
const opened = (type: PropertyType, text: string) => decodeValue({ type, bytes: Buffer.from(text) });
const refused = (reason: RegExp) =>
  expect.objectContaining({
    code: 'UNSUPPORTED_VALUE',
    propertyName: 'p',
    message: expect.stringMatching(reason) as string,
  }) as Error;
const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('a value', () => {
  const texts: readonly (readonly [unknown, PropertyType, string])[] = [
    ['', 'string', ''],
    ['ünïcode 🔑\u0000', 'string', 'ünïcode 🔑\u0000'],
    [0, 'number', '0'],
    [-0, 'number', '-0'],
    [NaN, 'number', 'NaN'],
    [-Infinity, 'number', '-Infinity'],
    [0.1 + 0.2, 'number', '0.30000000000000004'],
    [5e-324, 'number', '5e-324'],
    [1e21, 'number', '1e+21'],
    [-(2n ** 64n), 'bigint', '-18446744073709551616'],
    [0n, 'bigint', '0'],
    [true, 'boolean', 'true'],
    [false, 'boolean', 'false'],
    [day, 'date', '2026-02-03T04:05:06.789Z'],
    [new Date(-1), 'date', '1969-12-31T23:59:59.999Z'],
    [new Date(8.64e15), 'date', '+275760-09-13T00:00:00.000Z'],
    [Buffer.from([0, 255, 254]), 'binary', 'AP/+'],
    [Buffer.alloc(0), 'binary', ''],
    [{}, 'json', '{}'],
    [[], 'json', '[]'],
    [
      { b: [1, 'two', null, true, -0], a: { 'ü"': 5e-324 } },
      'json',
      '{"b":[1,"two",null,true,-0],"a":{"ü\\"":5e-324}}',
    ],
    [{ type: 'phone', value: '1' }, 'json', '{"type":"phone","value":"1"}'],
    [null, 'null', ''],
  ];

  it.each(texts)('%p is sealed as %s %j and opens to the same value', (value, type, text) => {
    expect(textOf(value)).toEqual([type, text]);
    expect(opened(type, text)).toStrictEqual(value);
  });

  it('of bytes is only the view, not the memory behind it', () => {
    const view = new Uint8Array(Buffer.from('secret:public').buffer, 0).subarray(0, 2);

    expect(Buffer.from(opened('binary', textOf(view)[1]!) as Buffer).equals(view)).toBe(true);
  });

  it.each([
    ['half a surrogate pair', '\ud800', /half a surrogate pair/],
    ['undefined', undefined, /holds undefined/],
    ['a function', () => 1, /holds function/],
    ['a symbol', Symbol('s'), /holds symbol/],
    ['an invalid date', new Date(NaN), /invalid Date/],
    ['a typed value of the SDK', { type: 'String', value: 'x' }, /holds Object/],
    ['a map', new Map(), /instance of Map/],
    ['an array of floats', new Float64Array(1), /instance of Float64Array/],
    ['undefined in JSON', { a: undefined }, /JSON would lose \(undefined\)/],
    ['a function in JSON', [() => 1], /\(function\)/],
    ['a symbol in JSON', [Symbol('s')], /\(symbol\)/],
    ['a symbol as a name in JSON', { [Symbol('s')]: 1 }, /\(a symbol\)/],
    ['a bigint in JSON', [1n], /\(bigint\)/],
    ['NaN in JSON', { a: [NaN] }, /\(NaN\)/],
    ['a date in JSON', { a: day }, /instance of Date/],
    ['bytes in JSON', { a: Buffer.alloc(1) }, /instance of Buffer/],
    ['a subclass of a map in JSON', { a: new (class Wards extends Map {})() }, /instance of Wards/],
    ['an error in JSON', { a: new TypeError('x') }, /instance of TypeError/],
    ['a pattern in JSON', { a: /x/ }, /instance of RegExp/],
    ['a boxed value in JSON', { a: new Number(1) }, /instance of Number/],
    ['a URL in JSON', { a: new URL('https://a.example') }, /instance of URL/],
    ['a promise in JSON', { a: Promise.resolve(1) }, /instance of Promise/],
    [
      'an object that converts itself in JSON',
      {
        a: new (class Money {
          toJSON = () => 'x';
        })(),
      },
      /instance of Money/,
    ],
    [
      'an iterable in JSON',
      {
        a: new (class Pair {
          *[Symbol.iterator]() {}
        })(),
      },
      /instance of Pair/,
    ],
    [
      'a class that keeps its data behind accessors',
      {
        a: new (class Hidden {
          readonly #a = 1;
          get a() {
            return this.#a;
          }
        })(),
      },
      /instance of Hidden/,
    ],
    [
      'a method of an instance in JSON',
      {
        a: new (class Caller {
          call = () => 1;
        })(),
      },
      /\(function\)/,
    ],
    ['half a surrogate pair in JSON', ['\udfff'], /half a surrogate pair/],
    ['half a surrogate pair as a name in JSON', { '\udfff': 1 }, /half a surrogate pair/],
    // eslint-disable-next-line no-sparse-arrays -- the hole is what is tested
    ['a hole in JSON', [1, , 2], /holes/],
    ['a named member of an array in JSON', Object.assign([1], { a: 1 }), /names/],
    ['__proto__ in JSON', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), /__proto__/],
    ['too many levels', deep(501), /levels/],
  ])('is rejected, and the error names the property: %s', (_what, value, reason) => {
    expect(() => encodeValue('p', value)).toThrow(refused(reason));
  });

  it('can be an instance of a data class in JSON, of which the own properties are stored', () => {
    class City {
      constructor(readonly name: string) {}
      get upper() {
        return this.name.toUpperCase();
      }
    }
    class Address {
      street = 'High Street';
      zip?: string = undefined;
      city = new City('Bath');
      label() {
        return this.street;
      }
    }

    expect(textOf(new Address())).toEqual(['json', '{"street":"High Street","city":{"name":"Bath"}}']);
    expect(textOf([new City('a'), { b: new City('c') }])).toEqual(['json', '[{"name":"a"},{"b":{"name":"c"}}]']);
  });

  it('is rejected if an instance is cyclic, or contains what JSON would lose', () => {
    class Node {
      next?: unknown;
    }
    const node = new Node();
    node.next = [node];

    expect(() => encodeValue('p', node)).toThrow(refused(/cycle/));
    expect(() => encodeValue('p', Object.assign(new Node(), { next: day }))).toThrow(refused(/instance of Date/));
    expect(() => encodeValue('p', Object.assign(new Node(), { next: new Map() }))).toThrow(refused(/instance of Map/));
  });

  it('is rejected if JSON is cyclic, but may contain the same object twice', () => {
    const shared = { a: 1 };
    const circle: unknown[] = [];
    circle.push({ circle });

    expect(() => encodeValue('p', circle)).toThrow(refused(/cycle/));
    expect(textOf([shared, shared])).toEqual(['json', '[{"a":1},{"a":1}]']);
    expect(opened('json', textOf(deep(500))[1]!)).toEqual(deep(500));
  });

  it('is not quoted in the error', () => {
    expect(() => encodeValue('p', { secretName: 'secret', at: day })).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/secret/) as string }) as Error,
    );
  });
});

describe('a declared type', () => {
  const samples: readonly (readonly [PropertyType, unknown])[] = [
    ['string', 's'],
    ['number', 1],
    ['bigint', 1n],
    ['boolean', true],
    ['date', day],
    ['binary', Buffer.alloc(1)],
  ];

  it.each(samples)('%s accepts only its own values and null', (type, value) => {
    expect(textOf(value, type)[0]).toBe(type);
    expect(textOf(null, type)).toEqual(['null', '']);
    for (const [other, foreign] of samples.filter(([name]) => name !== type)) {
      expect(() => textOf(foreign, type)).toThrow(refused(new RegExp(`@Encrypt\\(\\) says ${type}`)));
      expect(other).not.toBe(type);
    }
  });

  it('json accepts any JSON value, and nothing else', () => {
    expect(['x', 1, true, { type: 'String', value: 'x' }].map((value) => textOf(value, 'json'))).toEqual([
      ['json', '"x"'],
      ['json', '1'],
      ['json', 'true'],
      ['json', '{"type":"String","value":"x"}'],
    ]);
    for (const value of [1n, day, NaN, Buffer.alloc(1)]) expect(() => textOf(value, 'json')).toThrow(refused(/JSON/));
  });
});

describe('a text that is not canonical for its type', () => {
  it.each([
    ...['', ' 1', '0x10', '1e3', '1.0', '+1', 'nan', 'Jane'].map((text) => ['number', text] as const),
    ...['', '-0', '01', '1.5', 'n', '1n'].map((text) => ['bigint', text] as const),
    ...['', 'True', '1', 'yes'].map((text) => ['boolean', text] as const),
    ...['', '2026', '2026-02-03T04:05:06Z', '2026-02-30T00:00:00.000Z', 'Jane'].map((text) => ['date', text] as const),
    ...['x', 'AB==', 'A P/', 'AP_-'].map((text) => ['binary', text] as const),
    ...['', '{', ' {}', '{"a":1,"a":2}', '{"__proto__":{"admin":true}}', '[1e400]', '['.repeat(30_000)].map(
      (text) => ['json', text] as const,
    ),
    ['json', `${'['.repeat(30_000)}${']'.repeat(30_000)}`] as const,
    ['null', 'x'] as const,
  ])('does not open: %s of %j', (type, text) => {
    expect(() => opened(type, text)).toThrow(expect.objectContaining({ code: 'DECRYPTION_FAILED' }) as Error);
  });
});
