import { decodeUtf8 } from '../../../src/encoding/utf8.js';

const BROKEN = [
  ['a truncated sequence', [0xe2, 0x82]],
  ['a byte that never occurs', [0xff]],
  ['an overlong form', [0xc0, 0x80]],
  ['half a surrogate pair', [0xed, 0xa0, 0x80]],
  ['a stray continuation byte', [0x80]],
] as const;

it.each(BROKEN)('%s is not UTF-8, and does not affect the next text', (_what, bytes) => {
  expect(decodeUtf8(Uint8Array.from(bytes))).toBeNull();
  expect(decodeUtf8(Uint8Array.from([0x61, ...bytes]))).toBeNull();

  expect(decodeUtf8(Uint8Array.from([0xac]))).toBeNull();
  expect(decodeUtf8(Buffer.from('€ and \ufeff'))).toBe('€ and \ufeff');
});
