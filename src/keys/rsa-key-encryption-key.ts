/**
 * RSAES-OAEP, RFC 8017, section 7.1, with an empty label. The label and MGF1 use the same hash:
 *
 *     RSA-OAEP      SHA-1
 *     RSA-OAEP-256  SHA-256
 *     RSA           the name of RSA-OAEP in the key classes of the Python SDK's samples
 *
 * RSA1_5 (PKCS #1 v1.5) is neither written nor read: its padding is an oracle.
 */
import { constants, createPrivateKey, createPublicKey, KeyObject, publicEncrypt } from 'node:crypto';
import { InvalidOptionsError } from '../errors/input.js';
import { KeyAlgorithmError, KeyUnwrapError, KeyWrapError } from '../errors/keys.js';
import { refuse } from '../option-rules.js';
import { BuiltInKey, keyTitle } from './built-in-key.js';
import type { KeyEncryptionKey, WrappedKey } from './key-encryption-key.js';
import { type OaepHash, RsaDecryptPool } from './rsa-decrypt-pool.js';

/** Algorithm names that an RSA key can write. */
export type RsaKeyWrapAlgorithm = 'RSA-OAEP' | 'RSA-OAEP-256' | 'RSA';

/** Options of an RSA key. */
export interface RsaKeyEncryptionKeyOptions {
  /**
   * The algorithm that is written; all three are read. The default is `RSA-OAEP`, which every SDK supports. `RSA` writes the same
   * bytes under the name that key classes based on the samples of the Python SDK expect.
   */
  readonly algorithm?: RsaKeyWrapAlgorithm;
}

const HASHES: Readonly<Record<RsaKeyWrapAlgorithm, OaepHash>> = {
  'RSA-OAEP': 'SHA-1',
  'RSA-OAEP-256': 'SHA-256',
  RSA: 'SHA-1',
};

const MIN_MODULUS_BITS = 2048;
const BITS_PER_BYTE = 8;
const PRIVATE_LABEL = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * An RSA key that wraps content keys. A private key wraps and unwraps. A public key only wraps, for applications that write
 * content that they must not read.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { RsaKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
 *
 * export const key = RsaKeyEncryptionKey.fromPem('clinic-rsa', readFileSync('clinic.pem', 'utf8'));
 * ```
 */
export class RsaKeyEncryptionKey extends BuiltInKey<RsaKeyWrapAlgorithm> implements KeyEncryptionKey {
  readonly wrapsInProcess = true;
  readonly unwrapsInProcess = true;
  /** `false` for a public key. */
  readonly canUnwrap: boolean;
  readonly #key: KeyObject;
  readonly #pool: RsaDecryptPool | undefined;
  readonly #wrappedLength: number;

  private constructor(keyId: string, key: KeyObject, { algorithm = 'RSA-OAEP' }: RsaKeyEncryptionKeyOptions = {}) {
    refuse([...keyFaults(key), ...algorithmFaults(algorithm)].map((fault) => `${keyTitle('RSA key', keyId)} ${fault}`));
    super(keyId, algorithm);
    this.canUnwrap = key.type === 'private';
    this.#key = key;
    this.#pool = this.canUnwrap ? new RsaDecryptPool(key) : undefined;
    this.#wrappedLength = Math.ceil(modulusBits(key) / BITS_PER_BYTE);
  }

  /**
   * Creates a key from PEM: a private key (PKCS #8 or PKCS #1, without passphrase), a public key or a certificate.
   *
   * @throws `INVALID_OPTIONS` for an empty id, any other text, or fewer than 2048 bits. The error does not quote the text.
   */
  static fromPem(keyId: string, pem: string, options?: RsaKeyEncryptionKeyOptions): RsaKeyEncryptionKey {
    return new RsaKeyEncryptionKey(keyId, readPem(keyId, pem), options);
  }

  /**
   * Creates a key from a private or public `KeyObject`.
   *
   * @throws `INVALID_OPTIONS` for an empty id, another kind of key, or fewer than 2048 bits.
   */
  static fromKeyObject(keyId: string, key: KeyObject, options?: RsaKeyEncryptionKeyOptions): RsaKeyEncryptionKey {
    return new RsaKeyEncryptionKey(keyId, key, options);
  }

  /**
   * Wraps at most as many bytes as the modulus has, less 42 (`RSA-OAEP-256`: less 66).
   *
   * @throws `KEY_WRAP_FAILED`
   */
  async wrapKey(contentKey: Uint8Array): Promise<WrappedKey> {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    try {
      const key = { key: this.#key, padding, oaepHash: HASHES[this.algorithm] };
      return { keyId: this.keyId, algorithm: this.algorithm, encryptedKey: publicEncrypt(key, contentKey) };
    } catch {
      throw new KeyWrapError(this.keyId);
    }
  }

  /**
   * Unwraps what was wrapped for this key, on the thread pool.
   *
   * @throws `KEY_ALGORITHM_NOT_ALLOWED` unless the name is `RSA-OAEP`, `RSA-OAEP-256` or `RSA`. `KEY_UNWRAP_FAILED` if this is a
   * public key (its `cause` says so) or the bytes were not wrapped for it.
   */
  async unwrapKey(encryptedKey: Uint8Array, algorithm: string): Promise<Uint8Array> {
    if (!isKnown(algorithm)) throw new KeyAlgorithmError(this.keyId, algorithm);
    if (this.#pool === undefined) throw new KeyUnwrapError(this.keyId, { cause: new Error(PUBLIC_KEY) });
    // OpenSSL also accepts a shorter one; RFC 8017, 7.1.2, does not
    if (encryptedKey.length !== this.#wrappedLength) throw new KeyUnwrapError(this.keyId);
    try {
      return await this.#pool.decrypt(encryptedKey, HASHES[algorithm]);
    } catch {
      throw new KeyUnwrapError(this.keyId);
    }
  }
}

const PUBLIC_KEY = 'A public RSA key can only wrap: give the private key to those who read';

const isKnown = (algorithm: string): algorithm is RsaKeyWrapAlgorithm => Object.hasOwn(HASHES, algorithm);

const modulusBits = (key: KeyObject): number => key.asymmetricKeyDetails?.modulusLength ?? 0;

function algorithmFaults(algorithm: string): string[] {
  return isKnown(algorithm) ? [] : [`can write ${Object.keys(HASHES).join(', ')} only`];
}

function keyFaults(key: unknown): string[] {
  // 'rsa-pss' keys can only sign
  if (!(key instanceof KeyObject) || key.asymmetricKeyType !== 'rsa') {
    return ['must be an RSA KeyObject, private or public'];
  }
  return modulusBits(key) >= MIN_MODULUS_BITS ? [] : [`must have at least ${MIN_MODULUS_BITS} bits`];
}

/** Decides by the PEM label, so that a damaged private key is an error and never accepted as a public one. */
function readPem(keyId: string, pem: unknown): KeyObject {
  try {
    if (typeof pem === 'string') return PRIVATE_LABEL.test(pem) ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    // reported below, once for all kinds of faults
  }
  if (typeof pem === 'string' && pem.includes('-----BEGIN ') && pem.includes('\\n')) {
    throw new InvalidOptionsError([
      `${keyTitle('RSA key', keyId)} has the two characters "\\n" where PEM has line breaks, as a value of an environment variable may: ` +
        "pass pem.replaceAll('\\\\n', '\\n')",
    ]);
  }
  throw new InvalidOptionsError([
    `${keyTitle('RSA key', keyId)} must be given in PEM: a private key without passphrase, a public key or a certificate ` +
      '(for other forms make a KeyObject and use fromKeyObject)',
  ]);
}
