import { decodeUtf8, isWellFormed } from '../../../src/encoding/utf8.js';

const BROKEN = [
  ['a sequence that is cut', [0xe2, 0x82]],
  ['a byte that never occurs', [0xff]],
  ['an overlong form', [0xc0, 0x80]],
  ['half a surrogate pair', [0xed, 0xa0, 0x80]],
  ['a byte that continues nothing', [0x80]],
] as const;

it.each(BROKEN)('%s is not UTF-8, and is forgotten for the next text', (_what, bytes) => {
  expect(decodeUtf8(Uint8Array.from(bytes))).toBeNull();
  expect(decodeUtf8(Uint8Array.from([0x61, ...bytes]))).toBeNull();

  expect(decodeUtf8(Uint8Array.from([0xac]))).toBeNull();
  expect(decodeUtf8(Buffer.from('€ and \ufeff'))).toBe('€ and \ufeff');
});

it.each([
  ['', true],
  ['text', true],
  ['é€😀', true],
  ['\ud83d\ude00', true],
  ['\ud83d', false],
  ['\ude00', false],
  ['a\ude00\ud83db', false],
  ['\u{10ffff}', true],
])('%j is well formed: %j', (text, expected) => {
  expect(isWellFormed(text)).toBe(expected);
  expect(Buffer.from(text).toString() === text).toBe(expected);
});
