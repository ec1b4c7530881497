import { InvalidEncryptionDataError } from '../../../src/errors/content.js';
import { formatMessage, parseMessage } from '../../../src/wire/queue-message.js';

const sealed = Buffer.from(
  'sealed bytes of a message, more than a hundred characters in base64, so that both ways to decode are used',
);
const contents = sealed.toString('base64');
const format = (): string =>
  formatMessage(sealed, {
    wrappedKey: { keyId: 'clinic', algorithm: 'A256KW', encryptedKey: Buffer.alloc(40) },
    protocol: '1.0',
    algorithm: 'AES_CBC_256',
    fields: { ContentEncryptionIV: Buffer.alloc(16).toString('base64') },
    additions: new Map(),
  });
const text = format();
const data = text.slice(text.indexOf('"EncryptionData":') + '"EncryptionData":'.length, -1);

/** JSON.parse reads the same from each of them. */
const sealedTexts = {
  'as this package writes it': text,
  'with white space': JSON.stringify(JSON.parse(text), null, 1),
  'with its members in the other order': `{"EncryptionData":${data},"EncryptedMessageContents":"${contents}"}`,
  'with an escape in its contents': text.replace(contents[0]!, `\\u00${contents.charCodeAt(0).toString(16)}`),
  'with an unknown member': `${text.slice(0, -1)},"Other":1}`,
  'with contents twice, the last of which count': `{"EncryptedMessageContents":"AAAA","EncryptionData":${data},"EncryptedMessageContents":"${contents}"}`,
  'with encryption data twice, the last of which counts': `{"EncryptedMessageContents":"${contents}","EncryptionData":{},"EncryptionData":${data}}`,
  'in base64': Buffer.from(text).toString('base64'),
};

it.each(Object.entries(sealedTexts))('a message %s is sealed', (_how, given) => {
  const message = parseMessage(given);

  expect(message).toMatchObject({ kind: 'sealed', sealed, encryptionData: { wrappedKey: { keyId: 'clinic' } } });
});

const plainTexts = {
  'not JSON because of a comma at its end': `${text.slice(0, -1)},}`,
  'not JSON because of a bracket at its end': `${text}}`,
  truncated: text.slice(0, -1),
  'not JSON because of a line break in its contents': text.replace(contents, `\n${contents}`),
};

it.each(Object.entries(plainTexts))('a text that is %s was never sealed', (_why, given) => {
  expect(parseMessage(given)).toEqual({ kind: 'plain', content: Buffer.from(given) });
});

const damagedTexts = {
  'without base64': text.replace(contents, contents.slice(1)),
  'with a quotation mark in its contents': text.replace(contents, `${contents.slice(0, 8)}\\"${contents.slice(10)}`),
  'with a list as encryption data': text.replace(data, '[]'),
};

it.each(Object.entries(damagedTexts))('a message %s is damaged', (_how, given) => {
  expect(() => parseMessage(given)).toThrow(InvalidEncryptionDataError);
});

it('members that were added to a prototype are not written', () => {
  Object.defineProperty(Object.prototype, 'planted', { value: 'x', enumerable: true, configurable: true });
  try {
    expect(format()).not.toContain('planted');
  } finally {
    Reflect.deleteProperty(Object.prototype, 'planted');
  }
});
