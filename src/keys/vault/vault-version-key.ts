import { constants, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto';
import { KeyDeletedError, KeyNotFoundError, KeyUnwrapError, KeyWrapError } from '../../errors/keys.js';
import { BuiltInKey } from '../built-in-key.js';
import type { KeyEncryptionKey, KeyOperationOptions, KeyWrapAlgorithm, WrappedKey } from '../key-encryption-key.js';
import { type CryptographyClientLike, unwrapBy, wrapBy } from './cryptography-client.js';
import type { VaultKey } from './key-vault-sdk.js';

/** How to reach one version of a key. */
export interface VaultVersion {
  /** The id that is stored, and by which the key is found. */
  readonly keyId: string;
  readonly algorithm: KeyWrapAlgorithm;
  /** A client of exactly this version, whose calls keep the pace of the vault. */
  readonly client: CryptographyClientLike;
  /** Called if the vault does not know the version: whether the key exists without it. */
  readonly isInvented: (options: KeyOperationOptions | undefined) => Promise<boolean>;
}

const HASHES: Partial<Record<KeyWrapAlgorithm, string>> = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' };

/** One version of a key in a vault: unwraps there, and wraps here if the key is an RSA key whose public half is given. */
export class VaultVersionKey extends BuiltInKey<KeyWrapAlgorithm> implements KeyEncryptionKey {
  /** RSA keys wrap here. */
  readonly wrapsInProcess: boolean;
  readonly #version: VaultVersion;
  readonly #publicKey: KeyObject | undefined;
  /** A version that has unwrapped here was not invented, whatever the vault says about it later. */
  #hasUnwrapped = false;

  constructor(version: VaultVersion, publicKey?: KeyObject) {
    super(version.keyId, version.algorithm);
    this.#version = version;
    this.#publicKey = publicKey;
    this.wrapsInProcess = publicKey !== undefined;
  }

  async wrapKey(contentKey: Uint8Array, options?: KeyOperationOptions): Promise<WrappedKey> {
    const { keyId, algorithm } = this;
    if (this.#publicKey === undefined) return wrapBy(this.#version.client, { keyId, algorithm, contentKey }, options);
    return { keyId, algorithm, encryptedKey: this.#wrap(contentKey, this.#publicKey) };
  }

  async unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array> {
    const { client } = this.#version;
    try {
      const contentKey = await unwrapBy(client, { keyId: this.keyId, algorithm, encryptedKey }, options);
      this.#hasUnwrapped = true;
      return contentKey;
    } catch (error) {
      if (error instanceof KeyDeletedError && (await this.#isInvented(options))) {
        throw new KeyNotFoundError(this.keyId, {
          cause: new Error('The vault has the key, but no such version of it'),
        });
      }
      throw error;
    }
  }

  async #isInvented(options: KeyOperationOptions | undefined): Promise<boolean> {
    return !this.#hasUnwrapped && (await this.#version.isInvented(options));
  }

  #wrap(contentKey: Uint8Array, key: KeyObject): Uint8Array {
    const oaepHash = HASHES[this.algorithm];
    if (oaepHash === undefined) throw wrongKind(this.keyId, this.algorithm);
    try {
      return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, contentKey);
    } catch {
      throw new KeyWrapError(this.keyId);
    }
  }
}

/**
 * The public half of an RSA key; `undefined` for a symmetric key, which wraps in the vault.
 *
 * @throws `KEY_WRAP_FAILED` for a key that cannot or must not wrap with this algorithm
 */
export function publicKeyOf({ keyType, key, keyOperations }: VaultKey, version: VaultVersion): KeyObject | undefined {
  const { keyId, algorithm } = version;
  const isRsa = keyType === 'RSA' || keyType === 'RSA-HSM';
  const isSymmetric = keyType === 'oct' || keyType === 'oct-HSM';
  if ((HASHES[algorithm] === undefined ? !isSymmetric : !isRsa) || !mayWrap(keyOperations)) {
    throw wrongKind(keyId, algorithm);
  }
  if (isSymmetric) return undefined;
  const { n, e } = key ?? {};
  if (n === undefined || e === undefined) throw wrongKind(keyId, algorithm);
  const jwk = { kty: 'RSA', n: base64url(n), e: base64url(e) };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

const mayWrap = (operations: readonly string[] | undefined): boolean =>
  operations === undefined || operations.length === 0 || operations.includes('wrapKey');

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

const wrongKind = (keyId: string, algorithm: string): KeyWrapError =>
  new KeyWrapError(keyId, {
    cause: new Error(
      `The key does not wrap with ${algorithm}: choose an "algorithm" that fits its type and its operations`,
    ),
  });

/** For a stored id without a version, any version may have wrapped: all enabled ones are tried, newest first. */
export class VaultKeyOfAnyVersion extends BuiltInKey<KeyWrapAlgorithm> implements KeyEncryptionKey {
  constructor(
    keyId: string,
    algorithm: KeyWrapAlgorithm,
    private readonly versions: (options: KeyOperationOptions | undefined) => AsyncIterable<KeyEncryptionKey>,
  ) {
    super(keyId, algorithm);
  }

  async wrapKey(): Promise<WrappedKey> {
    throw new KeyWrapError(this.keyId, { cause: new Error('The id of a key without a version is only read') });
  }

  async unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array> {
    for await (const key of this.versions(options)) {
      try {
        return await key.unwrapKey(encryptedKey, algorithm, options);
      } catch (error) {
        if (!(error instanceof KeyUnwrapError)) throw error;
      }
    }
    throw new KeyUnwrapError(this.keyId);
  }
}
