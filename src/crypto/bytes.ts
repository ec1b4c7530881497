/** Small operations on bytes that more than one layer needs. */
import { createHash, randomBytes as secureRandomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export const randomBytes = (length: number): Buffer => secureRandomBytes(length);

/** A name that nothing else has: 36 characters. */
export const uniqueId = (): string => randomUUID();

export const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Decodes standard, padded base64 (RFC 4648, 4) strictly: `null` for anything else, where Node would skip the junk. */
export function decodeBase64(text: string): Buffer | null {
  return text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : null;
}

/** A view of the same bytes as a Buffer, without a copy. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Reads UTF-8 strictly: `null` where the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
