/**
 * The literal text that is stored for a sealed queue message:
 *
 *     {"EncryptedMessageContents":"<base64>","EncryptionData":{...}}
 *
 * Text of any other shape was never encrypted. The application's own JSON may have a member with that name; without
 * `EncryptionData` it is read unchanged. Legacy .NET and Java write `{"EncryptedMessageContents":"<base64>"}`, without other
 * members, for a message in plaintext. Source: docs/formats.md, "Messages".
 */
import { decodeBase64 } from '../encoding/base64.js';
import { InvalidEncryptionDataError } from '../errors/content.js';
import {
  type EncryptionData,
  formatEncryptionData,
  type NewEncryptionData,
  readEncryptionData,
} from './encryption-data.js';
import { fieldReader, isObject, type JsonObject, parseObject } from './json.js';

const CONTENTS = 'EncryptedMessageContents';
const DATA = 'EncryptionData';

export type StoredMessage =
  | { readonly kind: 'sealed'; readonly sealed: Buffer; readonly encryptionData: EncryptionData }
  /** `content` is what the application reads. Legacy .NET and Java may wrap it without encrypting it. */
  | { readonly kind: 'plain'; readonly content: Buffer };

/** Inserts base64 unchanged: looking for characters to escape in it takes longer than everything else. */
export const formatMessage = (sealed: Buffer, encryptionData: NewEncryptionData): string =>
  `{"${CONTENTS}":"${sealed.toString('base64')}","${DATA}":${formatEncryptionData(encryptionData, 'message')}}`;

/** Throws {@link InvalidEncryptionDataError} for a sealed message that is damaged. */
export function parseMessage(text: string): StoredMessage {
  const written = asWritten(text);
  if (written !== null) return written;
  const wrapper = storedObject(text);
  if (wrapper === null) return { kind: 'plain', content: Buffer.from(text) };

  const data = wrapper[DATA];
  const contents = wrapper[CONTENTS];
  const bytes = typeof contents === 'string' ? decodeBase64(contents) : null;
  if (data === undefined || data === null) {
    const isClearWrapper = bytes !== null && Object.keys(wrapper).every((name) => name === CONTENTS || name === DATA);
    return { kind: 'plain', content: isClearWrapper ? bytes : Buffer.from(text) };
  }
  if (bytes === null) throw new InvalidEncryptionDataError(`${CONTENTS} is not base64`);
  if (!isObject(data)) throw new InvalidEncryptionDataError(`${DATA} is not an object`);
  return { kind: 'sealed', sealed: bytes, encryptionData: readEncryptionData(data) };
}

const START = `{"${CONTENTS}":"`;
const NEXT = `","${DATA}":`;

/**
 * A message exactly as {@link formatMessage} writes it; `null` for any other. The contents are most of the text, and a JSON
 * parser would check each of their characters.
 */
function asWritten(text: string): StoredMessage | null {
  const end = text.startsWith(START) ? text.indexOf('"', START.length) : -1;
  if (end === -1 || !text.startsWith(NEXT, end)) return null;
  // base64 has no character that means something in JSON
  const sealed = decodeBase64(text.slice(START.length, end));
  const rest = sealed === null ? null : parseObject(`{${text.slice(end + 2)}`);
  // of two members with one name, JSON takes the last
  if (sealed === null || rest === null || Object.hasOwn(rest, CONTENTS)) return null;
  const data = rest[DATA];
  return isObject(data) ? { kind: 'sealed', sealed, encryptionData: readEncryptionData(data) } : null;
}

/** The key id that a message names, even if the rest of the message is damaged; `null` if it names none. */
export function keyIdOf(text: string): string | null {
  const data = storedObject(text)?.[DATA];
  const keyId = isObject(data) ? fieldReader(data)('WrappedContentKey', 'KeyId') : undefined;
  return typeof keyId === 'string' ? keyId : null;
}

const storedObject = (text: string): JsonObject | null =>
  wrapperOf(text) ?? wrapperOf(Buffer.from(text, 'base64').toString('utf8'));

function wrapperOf(text: string): JsonObject | null {
  const object = parseObject(text);
  return object !== null && (Object.hasOwn(object, CONTENTS) || isSealedWithoutContents(object)) ? object : null;
}

/** A wrapper without contents is a damaged sealed message, not a plain one. */
const isSealedWithoutContents = (object: JsonObject): boolean => {
  const data = object[DATA];
  return isObject(data) && Object.hasOwn(data, 'WrappedContentKey');
};
