import { runInNewContext } from 'node:vm';
import { type ContentInput, contentBytes } from '../../../src/encoding/content-bytes.js';

const bytes = Buffer.from('_abcd_');
const { buffer, byteOffset } = Uint8Array.from(bytes);

describe('the bytes of content', () => {
  it.each<[string, ContentInput, string]>([
    ['text', 'naïve 🙂', 'naïve 🙂'],
    ['empty text', '', ''],
    ['text that begins with a byte order mark', '\ufeffx', '\ufeffx'],
    ['a Buffer', bytes, '_abcd_'],
    ['a part of a Buffer', bytes.subarray(1, 5), 'abcd'],
    ['a Uint8Array', new Uint8Array(buffer, byteOffset + 1, 4), 'abcd'],
    ['a Uint16Array', new Uint16Array(Uint8Array.from(Buffer.from('abcd')).buffer), 'abcd'],
    ['a DataView', new DataView(buffer, 1, 4), 'abcd'],
    ['an ArrayBuffer', buffer, '_abcd_'],
    ['an ArrayBuffer of another realm', runInNewContext('new Uint8Array([97, 98]).buffer') as ArrayBuffer, 'ab'],
    ['an empty view', new Uint8Array(0), ''],
  ])('are exactly those of %s', (_what, content, expected) => {
    expect(contentBytes(content).toString('utf8')).toBe(expected);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a boolean', true],
    ['an array of numbers', [1, 300]],
    ['an array of strings', ['a', 'b']],
    ['an object', { id: 1 }],
    ['the JSON of a Buffer', Buffer.from('x').toJSON()],
    ['a Date', new Date(0)],
    ['a String object', Object('x')],
    ['an object without a class', Object.create(null)],
    ['a function', () => 'x'],
    ['a Blob', new Blob(['x'])],
  ])('do not exist for %s, which is rejected without quoting its value', (_what, content) => {
    expect(() => contentBytes(content as ContentInput)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VALUE', propertyName: null }) as Error,
    );
  });

  it.each(['\ud83d', 'a\ude42', '\ude42\ud83d'])('do not exist for text with half a surrogate pair', (text) => {
    expect(() => contentBytes(text)).toThrow(/half a surrogate pair/);
  });
});
