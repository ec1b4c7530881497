/** HMAC-SHA-256 (RFC 2104, FIPS 198-1), and key derivation by one block of HKDF-Expand (RFC 5869, 2.3). */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Place } from './bytes.js';
import type { ContentKey } from './content-key.js';

export const MAC_LENGTH = 32;

/** A key for MACs: a handle that never prints its bytes. */
export type MacKey = KeyObject;

const ALGORITHM = 'sha256';

export function hmac(key: MacKey | Uint8Array, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const mac = createHmac(ALGORITHM, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/**
 * Writes a stored MAC, which is therefore not secret, truncated to the length of the place. It passes through a string, which
 * costs less than the memory of a digest: a row has a MAC for each property. Returns where the place ends.
 */
export const writeStoredMac = (key: MacKey | Uint8Array, input: Uint8Array, { into, at, length }: Place): number =>
  at + into.write(createHmac(ALGORITHM, key).update(input).digest('binary'), at, length, 'binary');

/** HMAC-SHA-256(key, label || 01): 32 bytes, which the caller must wipe if they are secret. */
export const deriveBytes = (key: MacKey | Uint8Array, label: string): Buffer => hmac(key, `${label}\x01`);

/** Calls `work` with a derived key, whose bytes are wiped when it returns. */
export function underDerivedKey<Result>(key: ContentKey, label: string, work: (derived: Uint8Array) => Result): Result {
  const derived = deriveBytes(key, label);
  try {
    return work(derived);
  } finally {
    derived.fill(0);
  }
}

/** The same as a handle, for work that continues later. */
export const deriveKey = (key: ContentKey, label: string): MacKey =>
  underDerivedKey(key, label, (derived) => createSecretKey(derived));

/** The MAC of one input under a key that is used for nothing else. */
export const macUnderDerivedKey = (key: ContentKey, label: string, input: Uint8Array | string): Buffer =>
  underDerivedKey(key, label, (derived) => hmac(derived, input));

/** The MAC of bytes that arrive one piece after another, under a key that is used for nothing else. */
export const startMac = (key: ContentKey, label: string): ReturnType<typeof createHmac> =>
  underDerivedKey(key, label, (derived) => createHmac(ALGORITHM, derived));
