/** Text from storage that is nested so deeply that writing or inspecting it would cause an error in the runtime. */
import { parsePoisonMessage } from '../../../src/queue/consumer/poison-message.js';
import { keyIdOf, parseMessage } from '../../../src/wire/queue-message.js';
import { parseEncryptionData } from '../../../src/wire/encryption-data.js';
import { parseObject } from '../../../src/wire/json.js';
import { withWrappedKey } from '../../../src/wire/sealed-message-text.js';

const LEVELS = 30_000;
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const wrappedKey = { keyId: 'key', algorithm: 'A256KW', encryptedKey: Buffer.alloc(40) };
const data = (more: string): string =>
  '{"WrappedContentKey":{"KeyId":"k","EncryptedKey":"AAAA","Algorithm":"A256KW"},' +
  `"EncryptionAgent":{"Protocol":"2.0","EncryptionAlgorithm":"AES_GCM_256"},"Unknown":${more}}`;
const message = (more: string): string => `{"EncryptedMessageContents":"AAAA","EncryptionData":${data(more)}}`;
const invalid = expect.objectContaining({ code: 'INVALID_ENCRYPTION_METADATA' }) as Error;

it.each([
  [999, true],
  [1000, false],
  [LEVELS, false],
])('an object around %d levels is read: %s', (levels, isRead) => {
  const text = `{"a":${nested(levels)}}`;

  expect(parseObject(text) !== null).toBe(isRead);
  expect(() => JSON.stringify(parseObject(text))).not.toThrow();
});

it('brackets in strings are not levels, and adjacent objects are on the same level', () => {
  const text = JSON.stringify({ a: `"${'[{'.repeat(3000)}\\`, b: Array.from({ length: 3000 }, () => ({ c: [] })) });

  expect(JSON.stringify(parseObject(text))).toBe(text);
});

it.each([
  ['strings that never end', '"\\'.repeat(LEVELS)],
  ['quotes alone', '"'.repeat(LEVELS)],
  ['brackets that close nothing', ']}'.repeat(LEVELS)],
])('%s are not an object, and are parsed in one pass', (_what, text) => {
  const before = process.cpuUsage();

  expect(parseObject(`{"a":${text}`)).toBeNull();
  expect(process.cpuUsage(before).user).toBeLessThan(500_000);
});

it('encryption data and messages with too many levels are rejected, and not written again', () => {
  const deep = nested(LEVELS);

  expect(() => parseEncryptionData(data(deep))).toThrow(invalid);
  expect(() => withWrappedKey(message(deep), wrappedKey)).toThrow(invalid);
  expect([parseMessage(message(deep)).kind, keyIdOf(message(deep))]).toEqual(['plain', null]);
  expect(parseObject(withWrappedKey(message(nested(500)), wrappedKey))).toMatchObject({
    EncryptionData: { WrappedContentKey: { KeyId: 'key' } },
  });
});

it('a message that imitates a poison message is not one if its facts have too many levels', () => {
  const names = ['reason', 'keyId', 'queue', 'messageId', 'dequeueCount', 'insertedOn', 'poisonedOn'];
  const facts = names.map((name) => `"${name}":${nested(LEVELS / 10)}`).join(',');

  expect(parsePoisonMessage(`{"poisonMessage":1,${facts},"storedText":"x"}`).facts).toBeNull();
});
