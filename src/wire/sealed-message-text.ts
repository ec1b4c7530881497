/** The text of a sealed message with another wrapped key: content and every other member stay as their writer left them. */
import { InvalidEncryptionDataError } from '../errors/content.js';
import { readEncryptionData, type StoredWrappedKey } from './encryption-data.js';
import { isObject, parseObject, toAsciiJson } from './json.js';

const DATA = 'EncryptionData';

/** The JSON as text, or in base64 if it is stored in base64. */
export function withWrappedKey(text: string, wrappedKey: StoredWrappedKey): string {
  const plain = parseObject(text);
  if (plain !== null) return toAsciiJson(replacedIn(plain, wrappedKey));
  const decoded = parseObject(Buffer.from(text, 'base64').toString('utf8'));
  if (decoded === null) throw new InvalidEncryptionDataError('the message is not a JSON object');
  return Buffer.from(toAsciiJson(replacedIn(decoded, wrappedKey))).toString('base64');
}

function replacedIn(message: Readonly<Record<string, unknown>>, wrappedKey: StoredWrappedKey): object {
  const data = message[DATA];
  if (!isObject(data)) throw new InvalidEncryptionDataError(`${DATA} is not an object`);
  return { ...message, [DATA]: JSON.parse(readEncryptionData(data).rewrapped(wrappedKey)) as object };
}
