import { decodeBase64 } from '../../../src/encoding/base64.js';
import { decodeUtf8 } from '../../../src/encoding/utf8.js';

describe('base64', () => {
  it.each([0, 1, 2, 3, 31, 32, 33])('of %d bytes decodes to those bytes', (length) => {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => 255 - index));

    expect(decodeBase64(bytes.toString('base64'))).toEqual(bytes);
  });

  it.each(['QQ', 'QQ=', 'QQ==\n', ' QQ==', 'Q-_=', 'QQ==QQ==', 'Q===', '====', 'QQ=Q'])(
    'does not include %j, which Node.js would accept',
    (text) => {
      expect(decodeBase64(text)).toBeNull();
    },
  );
});

describe('UTF-8', () => {
  it.each(['', 'ä€😀', '\ufeffwith a mark'])('of %j decodes to the same text', (text) => {
    expect(decodeUtf8(Buffer.from(text))).toBe(text);
  });

  it.each([[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]])('does not include the bytes %j, %j', (...bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeNull();
  });
});
