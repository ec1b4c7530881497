/** Lists of tags under a valid MAC, which only a holder of the content key can create. */
import {
  formatPropertyTags,
  placesOfSigned,
  type SignedValue,
} from '../../../../src/envelope/integrity/property-tags.js';

const key = Buffer.alloc(32, 1);
const TAG = Buffer.alloc(16, 7);
const value: SignedValue = { type: 1, bytes: Buffer.from('value') };

/** A signed property, as it is listed. */
function listed(name: string | Buffer): Buffer {
  const bytes = Buffer.from(name as string);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes, TAG]);
}

it('tags of sealed properties come first, and signed ones by the bytes of their names', () => {
  const sealed = new Map([['b', Buffer.alloc(16)]]);
  const signed = new Map(['ü', 'z', 'a', '\u{10000}', '\uffff', ''].map((name) => [name, value]));

  const tags = formatPropertyTags(key, { sealed, signed });

  const places = placesOfSigned(tags, ['b']);
  expect([...places.keys()]).toEqual(['', 'a', 'z', 'ü', '\uffff', '\u{10000}']);
  expect([...places.values()][0]).toBe(16 + 2);
});

it.each<readonly [string, Buffer, readonly string[]]>([
  ['fewer tags than sealed names', TAG, ['a', 'b']],
  ['half of a tag', Buffer.concat([TAG, TAG.subarray(8)]), ['a']],
  ['one byte more', Buffer.concat([TAG, Buffer.alloc(1)]), ['a']],
  ['a truncated name', listed('status').subarray(0, 5), []],
  ['a name without its tag', listed('status').subarray(0, -16), []],
  ['a truncated tag', listed('status').subarray(0, -1), []],
  ['a name twice', Buffer.concat([listed('a'), listed('a')]), []],
  ['names in the wrong order', Buffer.concat([listed('b'), listed('a')]), []],
  ['a name that is sealed', Buffer.concat([TAG, listed('a')]), ['a']],
  ['a name that is not UTF-8', listed(Buffer.from([0xff])), []],
  ['half a surrogate pair', listed(Buffer.from([0xed, 0xa0, 0x80])), []],
  ['a name that ends within a character', listed(Buffer.from([0x61, 0xc3])), []],
])('%s is rejected', (_what, tags, sealedNames) => {
  expect(() => placesOfSigned(tags, sealedNames)).toThrow(expect.objectContaining({ code: 'DECRYPTION_FAILED' }));
});
