import { assertFits } from '../../../src/table/entity-size.js';

const row = { partitionKey: 'p', rowKey: 'r' };

it.each([
  ['_ClientEncryptionMetadata1', 'x'.repeat(32_769), /^The encryption data of the entity, which types and signatures/],
  ['_ClientEncryptionMetadata2', Buffer.alloc(65_537), /^The list of the names of sealed properties/],
  ['note', 'x'.repeat(32_769), /^Property "note"/],
])('an entity whose %s is too long is rejected with its own message', (name, value, words) => {
  expect(() => {
    assertFits({ ...row, [name]: value });
  }).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', message: expect.stringMatching(words) as string }));
});

it.each([
  ['_ClientEncryptionMetadata1', 'x'.repeat(32_768)],
  ['_ClientEncryptionMetadata2', Buffer.alloc(65_536)],
])('an entity whose %s is just not too long fits', (name, value) => {
  expect(() => {
    assertFits({ ...row, [name]: value });
  }).not.toThrow();
});

it.each([
  ['an object', { street: 'x' }],
  ['a list', ['x']],
  ['a map', new Map()],
  ['a function', () => 'x'],
  ['a symbol', Symbol('x')],
  ['an unknown type', { type: 'Decimal', value: '1' }],
  ['an invalid date', new Date(NaN)],
])('an entity with %s in plaintext is rejected, and the error names the property', (_what, value) => {
  expect(() => {
    assertFits({ ...row, share: value });
  }).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VALUE', propertyName: 'share' }));
});

it.each(['x', 1, 1n, true, new Date(0), Buffer.from('x'), { type: 'Guid', value: 'x' }])(
  'an entity with %p in plaintext fits',
  (value) => {
    expect(() => {
      assertFits({ ...row, share: value });
    }).not.toThrow();
  },
);

it.each([NaN, Infinity, -Infinity])(
  'an entity with %s in plaintext is rejected, because JSON would drop the value',
  (value) => {
    for (const held of [value, { type: 'Double', value }]) {
      expect(() => {
        assertFits({ ...row, share: held });
      }).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VALUE', propertyName: 'share' }));
    }
    expect(() => {
      assertFits({ ...row, share: { type: 'Double', value: String(value) } });
    }).not.toThrow();
  },
);
