/** HMAC-SHA-256 (RFC 2104, FIPS 198-1), and key derivation by one block of HKDF-Expand (RFC 5869, 2.3). */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { ContentKey } from './content-key.js';

/** Length of a MAC, in bytes. */
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
 * The same for a MAC that is stored, and so is no secret: by way of a string, which costs less than the memory of a digest. A row has
 * one for each property.
 */
export const storedMac = (key: MacKey, input: Uint8Array): Buffer =>
  Buffer.from(createHmac(ALGORITHM, key).update(input).digest('binary'), 'binary');

/** HMAC-SHA-256(key, label || 01): 32 bytes, which the caller must wipe if they are secret. */
export const deriveBytes = (key: MacKey | Uint8Array, label: string): Buffer => hmac(key, `${label}\x01`);

/** The same as a handle. The bytes are wiped. */
export function deriveKey(key: ContentKey, label: string): MacKey {
  const bytes = deriveBytes(key, label);
  const derived = createSecretKey(bytes);
  bytes.fill(0);
  return derived;
}

/** The MAC of one input under a key that serves for nothing else. The bytes of that key are wiped. */
export function macUnderDerivedKey(key: ContentKey, label: string, input: Uint8Array | string): Buffer {
  const derived = deriveBytes(key, label);
  try {
    return hmac(derived, input);
  } finally {
    derived.fill(0);
  }
}

/** The MAC of bytes that arrive one piece after another. */
export class RunningMac {
  private readonly mac: ReturnType<typeof createHmac>;

  constructor(key: MacKey | Uint8Array) {
    this.mac = createHmac(ALGORITHM, key);
  }

  /** Under a key that serves for nothing else. The bytes of that key are wiped. */
  static underDerivedKey(key: ContentKey, label: string): RunningMac {
    const derived = deriveBytes(key, label);
    const mac = new RunningMac(derived);
    derived.fill(0);
    return mac;
  }

  update(bytes: Uint8Array): void {
    this.mac.update(bytes);
  }

  /** The MAC over all bytes. Call it once. */
  digest(): Buffer {
    return this.mac.digest();
  }
}
