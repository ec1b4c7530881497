/** HMAC-SHA-256 (RFC 2104, FIPS 198-1), and key derivation by one block of HKDF-Expand (RFC 5869, 2.3). */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
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

/** HMAC-SHA-256(key, label || 01): 32 bytes, which the caller must wipe if they are secret. */
export const deriveBytes = (key: MacKey | Uint8Array, label: string): Buffer => hmac(key, label, Uint8Array.of(1));

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

/** The block of SHA-256, in bytes. */
const HASH_BLOCK_LENGTH = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Number of bytes of input that there is memory for. Most inputs are shorter. */
const SHORT_INPUT = 512;

/**
 * MACs of many short inputs under one key, the same as {@link hmac} gives:
 *
 *     HMAC(K, m) = H((K XOR opad) || H((K XOR ipad) || m))        (RFC 2104, 2)
 *
 * The two hashes are made by the one-shot function, which takes half the time of an HMAC object. What is left of the key here is
 * wiped by `close`.
 */
export class ShortMacs {
  private readonly outer = Buffer.alloc(HASH_BLOCK_LENGTH + MAC_LENGTH, OUTER_PAD);
  private readonly inner = Buffer.alloc(HASH_BLOCK_LENGTH + SHORT_INPUT, INNER_PAD);

  /**
   * @param key - at most 64 bytes, which are copied
   */
  constructor(key: Uint8Array) {
    if (key.length > HASH_BLOCK_LENGTH) throw new RangeError('a key of more than a block is to be hashed first');
    for (const [at, byte] of key.entries()) {
      this.outer[at] = byte ^ OUTER_PAD;
      this.inner[at] = byte ^ INNER_PAD;
    }
  }

  of(input: Uint8Array): Buffer {
    if (input.length <= SHORT_INPUT) return this.macIn(this.inner, input);
    const inner = Buffer.alloc(HASH_BLOCK_LENGTH + input.length);
    this.inner.copy(inner, 0, 0, HASH_BLOCK_LENGTH);
    const mac = this.macIn(inner, input);
    inner.fill(0);
    return mac;
  }

  close(): void {
    this.outer.fill(0);
    this.inner.fill(0);
  }

  /** By way of strings, which cost less than the buffers that the function would make. */
  private macIn(inner: Buffer, input: Uint8Array): Buffer {
    inner.set(input, HASH_BLOCK_LENGTH);
    const first = hash(ALGORITHM, inner.subarray(0, HASH_BLOCK_LENGTH + input.length), 'binary');
    this.outer.write(first, HASH_BLOCK_LENGTH, 'binary');
    return Buffer.from(hash(ALGORITHM, this.outer, 'binary'), 'binary');
  }
}

/** The MAC of bytes that arrive one piece after another. */
export class RunningMac {
  private readonly mac: ReturnType<typeof createHmac>;

  constructor(key: MacKey) {
    this.mac = createHmac(ALGORITHM, key);
  }

  update(bytes: Uint8Array): void {
    this.mac.update(bytes);
  }

  /** The MAC over all bytes. Call it once. */
  digest(): Buffer {
    return this.mac.digest();
  }
}
