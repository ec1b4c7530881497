/** Small operations on bytes that more than one layer needs. */
import { createHash, randomBytes as secureRandomBytes, randomInt, randomUUID, timingSafeEqual } from 'node:crypto';

export const randomBytes = (length: number): Buffer => secureRandomBytes(length);

/** A unique name of 36 characters. */
export const uniqueId = (): string => randomUUID();

/** A random sequence number of 48 bits. It is never 0, which is the default of blobs. */
export const newSequenceNumber = (): number => randomInt(1, 2 ** 48 - 1);

export const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** SHA-256 of content that comes in pieces. */
export interface RunningHash {
  update(piece: Uint8Array): void;
  digest(): Buffer;
}

export function startSha256(): RunningHash {
  const hash = createHash('sha256');
  return { update: (piece) => void hash.update(piece), digest: () => hash.digest() };
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** A view of the same bytes as a Buffer, without a copy. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
