/** A key vault in this process: the calls of `CryptographyClient` of `@azure/keyvault-keys`, done with node:crypto. */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { KeyOperationOptions, KeyWrapAlgorithm } from '../../src/keys/key-encryption-key.js';
import type { CryptographyClientLike } from '../../src/keys/vault/cryptography-client.js';

/** The error of `@azure/core-rest-pipeline`, with the request and the response as hidden properties. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly statusCode?: number;
  readonly code?: string;
  declare readonly request: unknown;

  constructor(message: string, { request, ...shown }: { statusCode?: number; code?: string; request?: unknown } = {}) {
    super(message);
    Object.assign(this, shown);
    Object.defineProperty(this, 'request', { value: request, enumerable: false });
  }
}

const HASHES: ReadonlyMap<string, string> = new Map([
  ['RSA-OAEP', 'sha1'],
  ['RSA-OAEP-256', 'sha256'],
]);

/** One RSA key of a vault. Its id has no version, but what it wraps names the version, as in the service. */
export class LocalCryptographyClient implements CryptographyClientLike {
  readonly #key: KeyObject;
  readonly #version: string;

  constructor(
    readonly keyID: string,
    key: { readonly privateKey: KeyObject; readonly version: string },
  ) {
    this.#key = key.privateKey;
    this.#version = key.version;
  }

  async wrapKey(algorithm: KeyWrapAlgorithm, key: Uint8Array, options?: KeyOperationOptions) {
    abortIfAsked(options);
    const keyID = this.keyID.endsWith(this.#version) ? this.keyID : `${this.keyID}/${this.#version}`;
    return { result: publicEncrypt(this.#oaep(algorithm), key), keyID, algorithm };
  }

  async unwrapKey(algorithm: KeyWrapAlgorithm, encryptedKey: Uint8Array, options?: KeyOperationOptions) {
    abortIfAsked(options);
    try {
      // the service requires the length of the modulus, while OpenSSL accepts less
      if (encryptedKey.length * 8 !== this.#key.asymmetricKeyDetails?.modulusLength) throw new Error('wrong length');
      return { result: privateDecrypt(this.#oaep(algorithm), encryptedKey) };
    } catch {
      throw new RestError('The parameter is incorrect.', { statusCode: 400, code: 'BadParameter' });
    }
  }

  #oaep(algorithm: KeyWrapAlgorithm) {
    const oaepHash = HASHES.get(algorithm);
    if (oaepHash === undefined) throw new RestError('Key type does not fit', { statusCode: 400, code: 'BadParameter' });
    return { key: this.#key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
  }
}

function abortIfAsked(options?: KeyOperationOptions): void {
  if (options?.abortSignal?.aborted === true) {
    throw Object.assign(new Error('The operation was aborted.'), { name: 'AbortError' });
  }
}
