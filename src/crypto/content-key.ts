/** The content key (CEK): 32 random bytes that seal one content, once. */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

/** Bytes of a content key. */
export const CONTENT_KEY_LENGTH = 32;

/** A content key ready for use: a handle that prints no bytes. */
export type ContentKey = KeyObject;

/** Fresh bytes for a content key. The caller wipes them once they are wrapped and imported. */
export const generateContentKey = (): Buffer => randomBytes(CONTENT_KEY_LENGTH);

/** Imports the bytes into a handle. They may be wiped afterwards. */
export const importContentKey = (bytes: Uint8Array): ContentKey => createSecretKey(bytes);

/** A copy of key bytes in memory of their own: what `Buffer.from` gives lies in a pool that the whole process cuts buffers from. */
export function copyOfKey(bytes: Uint8Array): Buffer {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Overwrites key bytes. Best effort: the runtime may have copied them before. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
