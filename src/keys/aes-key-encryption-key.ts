/**
 * AES key wrap, RFC 3394, with the default initial value of its section 2.2.3.1:
 *
 *     wrapped = 8 bytes longer than the key in it; both are multiples of 8 bytes, and the wrapped key has at least 24
 *
 * A content key of 1.0 (32 bytes) is stored as 40 bytes, a packed one of 2.x (40 bytes) as 48.
 */
import { createCipheriv, createDecipheriv, createSecretKey, generateKeySync, KeyObject } from 'node:crypto';
import { InvalidOptionsError } from '../errors/input.js';
import { KeyAlgorithmError, KeyUnwrapError, KeyWrapError } from '../errors/keys.js';
import { BuiltInKey, keyTitle } from './built-in-key.js';
import type { KeyEncryptionKey, WrappedKey } from './key-encryption-key.js';

/** Wrap algorithms of AES keys. The length of the key determines which one is used. */
type AesKeyWrapAlgorithm = 'A128KW' | 'A192KW' | 'A256KW';

const ALGORITHM_BY_KEY_LENGTH: ReadonlyMap<number, AesKeyWrapAlgorithm> = new Map([
  [16, 'A128KW'],
  [24, 'A192KW'],
  [32, 'A256KW'],
]);
const CIPHERS = { A128KW: 'id-aes128-wrap', A192KW: 'id-aes192-wrap', A256KW: 'id-aes256-wrap' } as const;

const GENERATED_KEY_BITS = 256;
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);
const UNIT_LENGTH = 8;
/** Two units and the initial value. Checked before OpenSSL is called, which accepts an empty wrapped key as valid. */
const MIN_WRAPPED_LENGTH = 3 * UNIT_LENGTH;

/**
 * An AES key that wraps content keys with `A128KW`, `A192KW` or `A256KW`, depending on its length. The bytes are in a handle,
 * which neither `JSON.stringify` nor `console.log` can read.
 *
 * @example
 * ```ts
 * import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
 *
 * export const key = AesKeyEncryptionKey.fromBase64('clinic-2025', process.env['CLINIC_KEY'] ?? '');
 * ```
 */
export class AesKeyEncryptionKey extends BuiltInKey<AesKeyWrapAlgorithm> implements KeyEncryptionKey {
  /** Reading from the cache would cost as much as unwrapping. */
  readonly cacheUnwraps = false;
  readonly wrapsInProcess = true;
  readonly unwrapsInProcess = true;
  readonly #key: KeyObject;

  private constructor(keyId: string, key: KeyObject) {
    super(keyId, algorithmOf(keyId, key));
    this.#key = key;
  }

  /**
   * Creates a key from standard, padded base64 (RFC 4648, section 4) of 16, 24 or 32 bytes. A line break at the end is ignored,
   * because mounted secrets have one.
   *
   * @throws `INVALID_OPTIONS` for an empty id, any other text, or another length. The error never quotes the text.
   */
  static fromBase64(keyId: string, base64: string): AesKeyEncryptionKey {
    const bytes = decodeStrictly(keyId, base64);
    try {
      return new AesKeyEncryptionKey(keyId, createSecretKey(bytes));
    } finally {
      bytes.fill(0);
    }
  }

  /**
   * Creates a key from a secret `KeyObject` of 16, 24 or 32 bytes.
   *
   * @throws `INVALID_OPTIONS` for an empty id, another kind of key, or another length.
   */
  static fromKeyObject(keyId: string, key: KeyObject): AesKeyEncryptionKey {
    return new AesKeyEncryptionKey(keyId, key);
  }

  /**
   * Generates a random key of 32 bytes, for tests and trials. When the process ends, the key is lost, and with it everything that
   * it wrapped.
   *
   * @throws `INVALID_OPTIONS` for an empty id.
   */
  static generate(keyId: string): AesKeyEncryptionKey {
    return new AesKeyEncryptionKey(keyId, generateKeySync('aes', { length: GENERATED_KEY_BITS }));
  }

  /**
   * Wraps a multiple of 8 bytes, at least 16.
   *
   * @throws `KEY_WRAP_FAILED`
   */
  async wrapKey(contentKey: Uint8Array): Promise<WrappedKey> {
    try {
      if (!isWrappedLength(contentKey.length + UNIT_LENGTH)) throw new KeyWrapError(this.keyId);
      const cipher = createCipheriv(CIPHERS[this.algorithm], this.#key, INITIAL_VALUE);
      const encryptedKey = joined(cipher.update(contentKey), cipher.final());
      return { keyId: this.keyId, algorithm: this.algorithm, encryptedKey };
    } catch {
      throw new KeyWrapError(this.keyId);
    }
  }

  /**
   * Unwraps what this key wrapped.
   *
   * @throws `KEY_ALGORITHM_NOT_ALLOWED` for any algorithm but its own, `KEY_UNWRAP_FAILED` for anything that it did not wrap.
   */
  async unwrapKey(encryptedKey: Uint8Array, algorithm: string): Promise<Uint8Array> {
    if (algorithm !== this.algorithm) throw new KeyAlgorithmError(this.keyId, algorithm);
    try {
      if (!isWrappedLength(encryptedKey.length)) throw new KeyUnwrapError(this.keyId);
      const decipher = createDecipheriv(CIPHERS[this.algorithm], this.#key, INITIAL_VALUE);
      return joined(decipher.update(encryptedKey), decipher.final());
    } catch {
      throw new KeyUnwrapError(this.keyId);
    }
  }
}

/** In separate memory. `Buffer.concat` would leave a copy of the key in a pool that the whole process shares. */
function joined(start: Buffer, end: Buffer): Uint8Array {
  if (end.length === 0) return start;
  const key = new Uint8Array(start.length + end.length);
  key.set(start);
  key.set(end, start.length);
  start.fill(0);
  end.fill(0);
  return key;
}

const isWrappedLength = (length: number): boolean => length >= MIN_WRAPPED_LENGTH && length % UNIT_LENGTH === 0;

function algorithmOf(keyId: string, key: unknown): AesKeyWrapAlgorithm {
  if (!(key instanceof KeyObject) || key.type !== 'secret') throw fault(keyId, 'must be a secret KeyObject');
  const bytes = key.symmetricKeySize ?? 0;
  const algorithm = ALGORITHM_BY_KEY_LENGTH.get(bytes);
  if (algorithm === undefined) throw fault(keyId, `must have 16, 24 or 32 bytes, but has ${bytes}`);
  return algorithm;
}

const fault = (keyId: string, what: string): InvalidOptionsError =>
  new InvalidOptionsError([`${keyTitle('AES key', keyId)} ${what}`]);

/** Strict, unlike `Buffer.from`, which skips invalid characters and drops bits. So each key has exactly one text. */
function decodeStrictly(keyId: string, base64: unknown): Buffer {
  const text = typeof base64 === 'string' ? base64.replace(/\r?\n$/, '') : base64;
  if (text === undefined || text === '') {
    throw fault(keyId, 'is empty: set the environment variable or the secret that it comes from');
  }
  const bytes = Buffer.from(typeof text === 'string' ? text : '', 'base64');
  if (bytes.toString('base64') === text) return bytes;
  bytes.fill(0);
  throw fault(keyId, 'must be given in standard, padded base64, without spaces, and without line breaks inside');
}
