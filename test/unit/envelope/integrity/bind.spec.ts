import { formatBind, parseBind, type BindShape } from '../../../../src/envelope/integrity/bind.js';

const TAG = Buffer.alloc(16, 7).toString('base64');

it.each<readonly [BindShape, string, object]>([
  ['length', '1;c=0', { ciphertextLength: 0 }],
  ['length', '1;c=9007199254740991', { ciphertextLength: Number.MAX_SAFE_INTEGER }],
  ['length', `1;c=28;x=${TAG}`, { ciphertextLength: 28, context: Buffer.alloc(16, 7) }],
  ['lengths', '1;c=16;n=0', { ciphertextLength: 16, plaintextLength: 0 }],
  ['lengths', `1;c=48;n=40;x=${TAG}`, { ciphertextLength: 48, plaintextLength: 40, context: Buffer.alloc(16, 7) }],
  ['properties', '1;p=', { properties: Buffer.alloc(0) }],
  ['properties', `1;p=${TAG};x=${TAG}`, { properties: Buffer.alloc(16, 7), context: Buffer.alloc(16, 7) }],
])('of %s, %s is read and written', (shape, text, members) => {
  const bind = parseBind(text, shape);

  expect(bind).toMatchObject(members);
  expect(formatBind(bind)).toBe(text);
});

it.each<readonly [BindShape, string, string]>([
  ['length', 'another version', '2;c=16'],
  ['length', 'no version', 'c=16'],
  ['length', 'nothing', ''],
  ['length', 'leading zeros', '1;c=016'],
  ['length', 'a sign', '1;c=+16'],
  ['length', 'a fraction', '1;c=16.0'],
  ['length', 'an exponent', '1;c=1e3'],
  ['length', 'more than a safe integer', '1;c=9007199254740992'],
  ['length', 'digits of another script', '1;c=١٦'],
  ['length', 'a space', '1;c=16 '],
  ['length', 'a line break at the end', '1;c=16\n'],
  ['length', 'a member more', '1;c=16;y=1'],
  ['length', 'the same member twice', '1;c=16;c=16'],
  ['length', 'a length that other kinds have', '1;c=16;n=1'],
  ['length', 'tags of properties', '1;p='],
  ['lengths', 'one length only', '1;c=16'],
  ['lengths', 'the lengths in another order', '1;n=1;c=16'],
  ['lengths', 'the context before a length', `1;c=16;x=${TAG};n=1`],
  ['lengths', 'a context of 15 bytes', `1;c=16;n=1;x=${Buffer.alloc(15).toString('base64')}`],
  ['lengths', 'an empty context', '1;c=16;n=1;x='],
  ['lengths', 'a context without padding', `1;c=16;n=1;x=${TAG.slice(0, -2)}`],
  ['lengths', 'a context whose last bits are not 0', `1;c=16;n=1;x=${TAG.replace('w==', 'x==')}`],
  ['properties', 'tags in the alphabet of URLs', '1;p=-_-_'],
  ['properties', 'tags with padding inside', '1;p=AA==AAAA'],
  ['properties', 'a length', '1;c=16'],
])('of %s, %s is rejected', (shape, _what, text) => {
  expect(() => parseBind(text, shape)).toThrow(expect.objectContaining({ code: 'DECRYPTION_FAILED' }));
});
