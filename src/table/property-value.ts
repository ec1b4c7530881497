/** Value of a sealed property to bytes and back. Every SDK reads strings; other types are refused by name. */
import { decodeBase64 } from '../encoding/base64.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { DecryptionError, InvalidEncryptionDataError, UnsupportedValueError } from '../errors.js';

/** UTF-8 cannot hold it: it would come back as another character. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** UTF-8 of a string; throws {@link UnsupportedValueError} for anything else, null included. */
export function encodeValue(name: string, value: unknown): Buffer {
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value))
      throw new UnsupportedValueError(name, 'is no valid Unicode: it holds half a surrogate pair');
    return Buffer.from(value, 'utf8');
  }
  const kind = value === null ? 'null' : typeof value;
  throw new UnsupportedValueError(name, `holds ${kind}: only strings can be encrypted, convert it or leave it out`);
}

export function decodeValue(plaintext: Uint8Array): string {
  const text = decodeUtf8(plaintext);
  if (text === null) throw new DecryptionError();
  return text;
}

/** The bytes of a binary property, in each of the forms the SDK may give it. */
export function binaryValue(name: string, value: unknown): Uint8Array {
  const plain = isTyped(value) ? value.value : value;
  const bytes = typeof plain === 'string' ? decodeBase64(plain) : plain;
  if (!(bytes instanceof Uint8Array)) throw new InvalidEncryptionDataError(`property "${name}" is not binary`);
  return bytes;
}

/** The value of a property, in each of the forms the SDK may give it; a projection answers `null` for what is not there. */
export const storedValue = (value: unknown): unknown => (isTyped(value) ? value.value : value) ?? undefined;

export interface TypedValue {
  readonly type: string;
  readonly value: unknown;
}

/** How the SDK gives values when its type conversion is off. */
export const isTyped = (value: unknown): value is TypedValue =>
  typeof value === 'object' && value !== null && 'type' in value && 'value' in value;
