/** Values of a stored row, in each of the forms in which the SDK returns them. */
import { BLOCK_LENGTH } from '../crypto/aes-cbc.js';
import { decodeBase64 } from '../encoding/base64.js';
import { quoted } from '../encoding/printable.js';
import { InvalidEncryptionDataError } from '../errors/content.js';

/** A value as the SDK returns it with type conversion turned off. */
export interface TypedValue {
  readonly type: string;
  readonly value: unknown;
}

/** Bytes are what most values of a sealed row are, and searching their prototypes for members takes long. */
export const isTyped = (value: unknown): value is TypedValue =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && 'type' in value && 'value' in value;

const EDM_TYPES = new Set(['Binary', 'Boolean', 'DateTime', 'Double', 'Guid', 'Int32', 'Int64', 'String']);

/** Whether the SDK would interpret the value as one of a named type, and not as an object of the user. */
export const isEdmValue = (value: unknown): boolean => isTyped(value) && EDM_TYPES.has(value.type);

/** The value of a property. A projection returns `null` for a missing one. */
export const storedValue = (value: unknown): unknown => (isTyped(value) ? value.value : value) ?? undefined;

/** Whether a property has the type of sealed ones. */
export const isBinary = (value: unknown): boolean =>
  value instanceof Uint8Array || (isTyped(value) && value.type === 'Binary');

/** The bytes of a binary property. */
export function binaryValue(name: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const plain = isTyped(value) ? value.value : value;
  const bytes = typeof plain === 'string' ? decodeBase64(plain) : plain;
  if (!(bytes instanceof Uint8Array)) throw new InvalidEncryptionDataError(`property ${quoted(name)} is not binary`);
  return bytes;
}

/** Whether bytes may be a sealed property, which has whole cipher blocks. */
export const hasSealedLength = ({ length }: Uint8Array): boolean => length > 0 && length % BLOCK_LENGTH === 0;
