import { formatEncryptionData, parseEncryptionData } from '../../../src/wire/encryption-data.js';
import {
  formatPropertyTypes,
  parsePropertyTypes,
  PROPERTY_TYPES_ENTRY,
  type PropertyType,
} from '../../../src/wire/property-types.js';

const data = {
  wrappedKey: { keyId: 'k', algorithm: 'A256KW', encryptedKey: Buffer.alloc(40) },
  protocol: '1.0',
  algorithm: 'AES_CBC_256',
  fields: { ContentEncryptionIV: 'AAAAAAAAAAAAAAAAAAAAAA==' },
  additions: new Map<string, string>(),
};

const typesOf = (types: Readonly<Record<string, PropertyType>>) =>
  new Map(Object.entries(types).map(([name, type]) => [name, { type }]));

describe('the types of sealed properties', () => {
  it('are listed only if they are not strings', () => {
    expect(formatPropertyTypes(typesOf({ name: 'string' }))).toBeUndefined();
    expect(formatPropertyTypes(new Map())).toBeUndefined();
    expect(formatPropertyTypes(typesOf({ name: 'string', born: 'date', größe: 'number' }))).toBe(
      '{"born":"date","größe":"number"}',
    );
  });

  it('are stored next to the library as text, and are read back', () => {
    const text = formatEncryptionData(
      { ...data, additions: new Map([[PROPERTY_TYPES_ENTRY, '{"größe":"number"}']]) },
      'entity',
    );

    expect(text).toMatch(
      /"KeyWrappingMetadata":\{"EncryptionLibrary":"[^"]+","AzCseTypes":"\{\\"gr\\u00f6\\u00dfe\\":\\"number\\"\}"\}\}$/,
    );
    const entry = parseEncryptionData(text).additions.get(PROPERTY_TYPES_ENTRY);
    expect(parsePropertyTypes(entry, ['größe'])).toEqual(new Map([['größe', 'number']]));
  });

  it('leave the encryption data unchanged if there are none to list', () => {
    expect(formatEncryptionData(data, 'entity')).toMatch(/"KeyWrappingMetadata":\{"EncryptionLibrary":"[^"]+"\}\}$/);
    expect(parsePropertyTypes(undefined, ['a'])).toEqual(new Map());
  });

  it.each<readonly [string, unknown]>([
    ['not text', { a: 'date' }],
    ['null', null],
    ['not JSON', '{"a":'],
    ['a list', '["date"]'],
    ['an unknown type', '{"a":"money"}'],
    ['a type in another letter case', '{"a":"Date"}'],
    ['a member of every object as a type', '{"a":"constructor"}'],
    ['a type that is not text', '{"a":{"toString":"date"}}'],
    ['a property that is not sealed', '{"b":"date"}'],
    ['__proto__', '{"__proto__":"date"}'],
    ['a prototype', '{"__proto__":{"b":"date"}}'],
  ])('are rejected if they are %s', (_what, entry) => {
    expect(() => parsePropertyTypes(entry, ['a'])).toThrow(
      expect.objectContaining({ code: 'INVALID_ENCRYPTION_METADATA' }) as Error,
    );
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });

  it('are one of the entries that other readers ignore', () => {
    const stored = JSON.parse(formatEncryptionData(data, 'entity')) as { KeyWrappingMetadata: object };
    const text = JSON.stringify({
      ...stored,
      KeyWrappingMetadata: { encryptionlibrary: 'x', Other: 'y', __proto__: null },
    });

    const parsed = parseEncryptionData(text);

    expect(parsed.additions).toEqual(new Map([['Other', 'y']]));
    expect(parsed.field('KeyWrappingMetadata', 'EncryptionLibrary')).toBe('x');
  });
});
