/** Texts in encryption data that JSON or HTTP headers cannot contain as they are. */
import {
  formatEncryptionData,
  type NewEncryptionData,
  parseEncryptionData,
} from '../../../src/wire/encryption-data.js';

const dataWith = (text: string): NewEncryptionData => ({
  wrappedKey: { keyId: text, algorithm: text, encryptedKey: Buffer.from('wrapped') },
  protocol: text,
  algorithm: text,
  fields: {},
  additions: new Map([[`name ${text}`, text]]),
});

it('characters are written in ASCII that cannot end a text or a header, and are read back unchanged', () => {
  const wrong: string[] = [];
  for (let code = 0; code <= 0xffff; code += code < 0x300 ? 1 : 97) {
    const text = `a${String.fromCharCode(code)}b`;
    const written = formatEncryptionData(dataWith(text), 'blob');
    const { wrappedKey, protocol, algorithm, additions } = parseEncryptionData(written);
    const read = [wrappedKey.keyId, wrappedKey.algorithm, protocol, algorithm, ...[...additions].flat()];
    const isRead = read.every((each) => String(each).replace('name ', '') === text);
    if (!isRead || !/^[\x20-\x7e]*$/.test(written)) wrong.push(code.toString(16));
  }

  expect(wrong).toEqual([]);
});

it.each([
  ['a "quote"', String.raw`a \"quote\"`],
  ['back\\slash', String.raw`back\\slash`],
  ['end\n', String.raw`end\n`],
  ['\u0000', String.raw`\u0000`],
  ['é\u2028', String.raw`\u00e9\u2028`],
  ['🔑', String.raw`\ud83d\udd11`],
  ['half \ud83d', String.raw`half \ud83d`],
  ['https://vault/keys/a~b/1?c=[d]&e', 'https://vault/keys/a~b/1?c=[d]&e'],
])('%j is written as %s', (keyId, written) => {
  expect(formatEncryptionData(dataWith(keyId), 'message')).toContain(`{"KeyId":"${written}",`);
});
