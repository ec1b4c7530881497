import { InvalidOptionsError } from '../../errors/input.js';
import { BuiltInKey } from '../built-in-key.js';
import type { KeyEncryptionKey, KeyOperationOptions, KeyWrapAlgorithm, WrappedKey } from '../key-encryption-key.js';
import {
  type CryptographyClientLike,
  isVaultAlgorithm,
  pacedClient,
  type PacedRun,
  unwrapBy,
  wrapBy,
} from './cryptography-client.js';
import { type KeyVaultKeyId, parseKeyVaultKeyId } from './key-id.js';
import type { KeyVaultEnvironment } from './key-vault-keys.js';
import { sharedPaces } from './vault-pace.js';

/** Options of a {@link KeyVaultKeyEncryptionKey}. */
export interface KeyVaultKeyOptions {
  /**
   * The algorithm that is written. Default `RSA-OAEP`, which every SDK supports; a symmetric key of a Managed HSM needs `A128KW`,
   * `A192KW` or `A256KW`.
   */
  readonly algorithm?: KeyWrapAlgorithm;
  /**
   * The id that is stored, and by which the key is found. Set it for a key that was moved to another vault but keeps its old id.
   *
   * @defaultValue the id of the client
   */
  readonly keyId?: string;
}

/**
 * One version of a key in Azure Key Vault, through your own client. Prefer the `keyVault` option of the module: it follows
 * rotations, and notices a version that was disabled.
 *
 * It writes only through a client of one version. A client without a version wraps with the newest one but does not report which
 * version that was, so what it wrote could not be read after a rotation.
 *
 * Calls keep to the pace of their vault: after a 429 or 503, they wait together with all other calls of this process to that
 * vault, and are retried.
 *
 * @example
 * ```ts
 * import { type CryptographyClientLike, KeyVaultKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
 *
 * // client = new CryptographyClient('https://clinic.vault.azure.net/keys/records/0123456789abcdef0123456789abcdef', credential)
 * export const keyOf = (client: CryptographyClientLike) => new KeyVaultKeyEncryptionKey(client);
 * ```
 */
export class KeyVaultKeyEncryptionKey extends BuiltInKey<KeyWrapAlgorithm> implements KeyEncryptionKey {
  readonly #client: CryptographyClientLike;
  readonly #canWrite: boolean;

  /** @throws `INVALID_OPTIONS` for an algorithm that is not a {@link KeyWrapAlgorithm}, or if no key id is known. */
  constructor(
    client: CryptographyClientLike,
    options: KeyVaultKeyOptions = {},
    environment: Pick<KeyVaultEnvironment, 'paces'> = {},
  ) {
    const algorithm = options.algorithm ?? 'RSA-OAEP';
    if (!isVaultAlgorithm(algorithm)) {
      throw new InvalidOptionsError(['a Key Vault key writes A128KW, A192KW, A256KW, RSA-OAEP or RSA-OAEP-256 only']);
    }
    // read once: the id of a client changes when it fetches its key
    super(options.keyId ?? client.keyID ?? '', algorithm);
    this.#client = pacedClient(client, paceOf(environment, [client.keyID, this.keyId]));
    this.#canWrite = !isVersionless(this.keyId) && !isVersionless(client.keyID ?? '') && !wasVersionless(client);
  }

  /**
   * Wraps with the version of the client.
   *
   * @throws `INVALID_OPTIONS` if the client has no version; `KEY_WRAP_FAILED` if the vault rejects the bytes; `KEY_UNAVAILABLE`,
   * `KEY_ACCESS_DENIED`, `KEY_DELETED`, `KEY_DISABLED` if the key cannot be used.
   */
  async wrapKey(contentKey: Uint8Array, options?: KeyOperationOptions): Promise<WrappedKey> {
    if (!this.#canWrite) throw new InvalidOptionsError([versionlessFault(this.keyId)]);
    return wrapBy(this.#client, { keyId: this.keyId, algorithm: this.algorithm, contentKey }, options);
  }

  /**
   * Unwraps in the vault.
   *
   * @throws `KEY_ALGORITHM_NOT_ALLOWED` for RSA1_5 and everything else that is not a {@link KeyWrapAlgorithm} (`RSA` is read as
   * `RSA-OAEP`); `KEY_UNWRAP_FAILED` if the vault rejects the bytes; `KEY_UNAVAILABLE`, `KEY_ACCESS_DENIED`, `KEY_DELETED`,
   * `KEY_DISABLED` if the key cannot be used.
   */
  async unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array> {
    return unwrapBy(this.#client, { keyId: this.keyId, algorithm, encryptedKey }, options);
  }
}

const versionlessFault = (keyId: string): string =>
  `the client of key ${JSON.stringify(keyId)} has no version, so it cannot write: use the option "keyVault", which follows rotations, or create the client with the id of a version`;

/** Accepts a `/` at the end, a common mistake. */
const idOf = (keyId: string): KeyVaultKeyId | null => parseKeyVaultKeyId(keyId.replace(/\/+$/, ''));

const isVersionless = (keyId: string): boolean =>
  idOf(keyId)?.version === undefined && /\/keys\/[^/]+\/*$/i.test(keyId);

/** The pace of the vault in the first id that names one. A client of another service has none. */
function paceOf(
  { paces = sharedPaces }: Pick<KeyVaultEnvironment, 'paces'>,
  keyIds: readonly (string | undefined)[],
): PacedRun {
  const [vault] = keyIds.flatMap((keyId) => idOf(keyId ?? '') ?? []);
  if (vault === undefined) return (call) => call();
  const pace = paces.of(vault.vaultUrl);
  return (call, options) => pace.run(call, options);
}

/** A client of the SDK that was created without a version has one in its id after its first use, but not in its requests. */
const wasVersionless = (client: object): boolean =>
  (client as { readonly remoteProvider?: { readonly version?: unknown } }).remoteProvider?.version === '';
