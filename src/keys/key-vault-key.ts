/**
 * Keys that stay in Azure Key Vault or a Managed HSM, over the `CryptographyClient` of `@azure/keyvault-keys`, of which only the
 * shape is known here. A stored key id is the identifier of one version of a key:
 *
 *     https://<vault>/keys/<name>/<version>
 */
import { LRUCache } from 'lru-cache';
import { InvalidOptionsError } from '../errors/input.js';
import { KeyAlgorithmError, KeyUnwrapError, KeyWrapError } from '../errors/keys.js';
import { BuiltInKey } from './built-in-key.js';
import type {
  KeyEncryptionKey,
  KeyOperationOptions,
  KeyResolver,
  KeyWrapAlgorithm,
  WrappedKey,
} from './key-encryption-key.js';
import { keyServiceError } from './key-service-error.js';

/** The part of `CryptographyClient` of `@azure/keyvault-keys` that is used; that class fits as it is. */
export interface CryptographyClientLike {
  readonly keyID?: string | undefined;
  /** `keyID` of the answer names the version of the key that wrapped. */
  wrapKey(
    algorithm: KeyWrapAlgorithm,
    key: Uint8Array,
    options?: KeyOperationOptions,
  ): Promise<{ readonly result: Uint8Array; readonly keyID?: string | undefined }>;
  /** Rejects with a status code if the vault refuses. */
  unwrapKey(
    algorithm: KeyWrapAlgorithm,
    encryptedKey: Uint8Array,
    options?: KeyOperationOptions,
  ): Promise<{ readonly result: Uint8Array }>;
}

/** What a Key Vault key can be told. */
export interface KeyVaultKeyOptions {
  /** What is written. Default `RSA-OAEP`, which every SDK knows; a symmetric key of a Managed HSM needs `A256KW` or its like. */
  readonly algorithm?: KeyWrapAlgorithm;
  /** Id of the key where the client does not tell one. */
  readonly keyId?: string;
}

/** Stored name of a wrap algorithm and what Key Vault calls it. RSA1_5 is missing on purpose: its padding is an oracle. */
const ALGORITHMS: ReadonlyMap<string, KeyWrapAlgorithm> = new Map([
  ['A128KW', 'A128KW'],
  ['A192KW', 'A192KW'],
  ['A256KW', 'A256KW'],
  ['RSA-OAEP', 'RSA-OAEP'],
  ['RSA-OAEP-256', 'RSA-OAEP-256'],
  ['RSA', 'RSA-OAEP'],
]);

/** The identifier of a key, without that of a version. */
const UNVERSIONED_ID = /^https:\/\/[^/]+\/keys\/[^/]+\/?$/i;

/**
 * A key in Azure Key Vault. What it writes carries the id of the version that wrapped it, so it stays readable when the key is
 * rotated in the vault: read it through {@link keyVaultKeyResolver}.
 *
 * @example
 * ```ts
 * import { type CryptographyClientLike, KeyVaultKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
 *
 * // client = new CryptographyClient('https://clinic.vault.azure.net/keys/records', credential)
 * export const keyOf = (client: CryptographyClientLike) => new KeyVaultKeyEncryptionKey(client);
 * ```
 */
export class KeyVaultKeyEncryptionKey extends BuiltInKey<KeyWrapAlgorithm> implements KeyEncryptionKey {
  readonly #client: CryptographyClientLike;

  /** @throws `INVALID_OPTIONS` for an algorithm that is not one of {@link KeyWrapAlgorithm}, or where no key id is known. */
  constructor(client: CryptographyClientLike, options: KeyVaultKeyOptions = {}) {
    const algorithm = options.algorithm ?? 'RSA-OAEP';
    if (ALGORITHMS.get(algorithm) !== algorithm) {
      throw new InvalidOptionsError(['a Key Vault key writes A128KW, A192KW, A256KW, RSA-OAEP or RSA-OAEP-256 only']);
    }
    // read once: the id of a client changes when it fetches its key
    super(client.keyID ?? options.keyId ?? '', algorithm);
    this.#client = client;
  }

  /**
   * Wraps with the newest version that the client knows.
   *
   * @throws `KEY_WRAP_FAILED`, also where the client does not tell which version it used; `KEY_UNAVAILABLE` where a retry may help.
   */
  async wrapKey(contentKey: Uint8Array, options?: KeyOperationOptions): Promise<WrappedKey> {
    try {
      const { result, keyID = this.keyId } = await this.#client.wrapKey(this.algorithm, contentKey, options);
      if (UNVERSIONED_ID.test(keyID)) throw new Error(NO_VERSION);
      return { keyId: keyID, algorithm: this.algorithm, encryptedKey: filled(result) };
    } catch (error) {
      throw keyServiceError(error, { keyId: this.keyId, refused: KeyWrapError });
    }
  }

  /**
   * Unwraps in the vault.
   *
   * @throws `KEY_ALGORITHM_NOT_ALLOWED` for RSA1_5 and whatever else is no {@link KeyWrapAlgorithm} (`RSA` is read as `RSA-OAEP`);
   * `KEY_UNWRAP_FAILED` where the vault refuses; `KEY_UNAVAILABLE` where a retry may help.
   */
  async unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array> {
    const known = ALGORITHMS.get(algorithm);
    if (known === undefined) throw new KeyAlgorithmError(this.keyId, algorithm);
    try {
      const { result } = await this.#client.unwrapKey(known, filled(encryptedKey), options);
      return filled(result);
    } catch (error) {
      throw keyServiceError(error, { keyId: this.keyId, refused: KeyUnwrapError });
    }
  }
}

/** How keys of Key Vault are found. */
export interface KeyVaultKeyResolverOptions {
  /** A client for the key of exactly this id. */
  readonly client: (keyId: string) => CryptographyClientLike;
  /** Whether a key id is one of yours. Only `true` is: see {@link keyVaultKeyResolver}. */
  readonly allow: (keyId: string) => boolean;
}

/**
 * Finds keys in Key Vault. A key id is data from storage, and here an address to which an access token is sent: `allow` keeps a
 * planted one from sending yours to a foreign vault. Compare up to and including a slash. It is asked for every read; clients are
 * kept, the 1,000 that were used last.
 *
 * @throws `INVALID_OPTIONS` where one of the two functions is missing.
 *
 * @example
 * ```ts
 * import { type CryptographyClientLike, keyVaultKeyResolver } from 'nestjs-azure-encrypted-storage';
 *
 * // connect = (keyId) => new CryptographyClient(keyId, credential)
 * export const resolverOf = (connect: (keyId: string) => CryptographyClientLike) =>
 *   keyVaultKeyResolver({
 *     client: connect,
 *     allow: (keyId) => keyId.startsWith('https://clinic.vault.azure.net/keys/records/'),
 *   });
 * ```
 */
export function keyVaultKeyResolver(options: KeyVaultKeyResolverOptions): KeyResolver {
  const { client, allow } = options;
  const faults = Object.entries({ client, allow }).filter(([, value]) => typeof value !== 'function');
  if (faults.length > 0)
    throw new InvalidOptionsError(faults.map(([name]) => `"${name}" must be a function of a key id`));

  const known = new LRUCache<string, KeyVaultKeyEncryptionKey>({ max: KNOWN_KEYS });
  return (keyId) => {
    // a promise of `false` is truthy too
    const verdict: unknown = allow(keyId);
    if (verdict !== true) return null;
    const key = known.get(keyId) ?? new KeyVaultKeyEncryptionKey(client(keyId), { keyId });
    known.set(keyId, key);
    return key;
  };
}

/** Keys that a resolver keeps: a client fetches its key before it unwraps, so a new one for every read costs a request more. */
const KNOWN_KEYS = 1000;

const NO_VERSION =
  'The client did not tell which version of the key it used: allow it to get the key, or give it the id of a version';

/** Neither a wrapped key nor a content key is empty, whatever a client says. */
function filled(bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) throw new Error('There are no bytes');
  return bytes;
}
