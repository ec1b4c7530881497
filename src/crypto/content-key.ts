/** The content key (CEK): 32 random bytes that seal the content of one object, once. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { randomBytes } from './bytes.js';

export const CONTENT_KEY_LENGTH = 32;

/** A content key ready for use: a handle that never prints its bytes. */
export type ContentKey = KeyObject;

/** New bytes for a content key. The caller wipes them after wrapping and importing them. */
export const generateContentKey = (): Buffer => randomBytes(CONTENT_KEY_LENGTH);

/** Imports the bytes into a handle. You may wipe them afterwards. */
export const importContentKey = (bytes: Uint8Array): ContentKey => createSecretKey(bytes);

/** A copy of key bytes in separate memory. `Buffer.from` would use a pool that the whole process takes buffers from. */
export function copyOfKey(bytes: Uint8Array): Buffer {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Overwrites key bytes. This is best effort: the runtime may have copied them before. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
