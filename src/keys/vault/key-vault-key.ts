import { InvalidOptionsError } from '../../errors/input.js';
import { KeyWrapError } from '../../errors/keys.js';
import { BuiltInKey } from '../built-in-key.js';
import type { KeyEncryptionKey, KeyOperationOptions, KeyWrapAlgorithm, WrappedKey } from '../key-encryption-key.js';
import { keyServiceError } from '../key-service-error.js';
import {
  clientCallOptions,
  type CryptographyClientLike,
  isFilled,
  isVaultAlgorithm,
  NO_BYTES,
  unwrapBy,
} from './cryptography-client.js';
import { type KeyVaultKeyId, parseKeyVaultKeyId } from './key-id.js';
import type { KeyVaultEnvironment } from './key-vault-keys.js';
import { type PacedCalls, sharedPaces } from './vault-pace.js';

/** Options of a {@link KeyVaultKeyEncryptionKey}. */
export interface KeyVaultKeyOptions {
  /** What is written. Default `RSA-OAEP`, which every SDK knows; a symmetric key of a Managed HSM needs `A256KW` or its like. */
  readonly algorithm?: KeyWrapAlgorithm;
  /**
   * Id that is stored, and that the key answers to. Give it for a key that was moved to another vault, whose id is still the old one.
   *
   * @defaultValue the id of the client
   */
  readonly keyId?: string;
}

/**
 * One version of a key in Azure Key Vault, over a client of your own. Prefer the `keyVault` option of the module: it follows
 * rotations, and notices a version that was disabled.
 *
 * It writes through a client of one version only. The SDK wraps with the newest version when its client was made without one, but
 * does not say which version that was, so what it wrote could not be read after a rotation.
 *
 * Calls keep to the pace of their vault: after 429 and 503 they wait with all other calls of this process to it, and try again.
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
  readonly #pace: PacedCalls;

  /** @throws `INVALID_OPTIONS` for an algorithm that is not a {@link KeyWrapAlgorithm}, or where no key id is known. */
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
    this.#client = client;
    this.#pace = paceOf(environment, [client.keyID, this.keyId]);
    this.#canWrite = !isVersionless(this.keyId) && !isVersionless(client.keyID ?? '') && !wasVersionless(client);
  }

  /**
   * Wraps with the version that the client is made for.
   *
   * @throws `INVALID_OPTIONS` where the client is made for no version; `KEY_WRAP_FAILED` where the vault refuses the bytes;
   * `KEY_UNAVAILABLE`, `KEY_ACCESS_DENIED`, `KEY_DELETED`, `KEY_DISABLED` where the key cannot be used.
   */
  async wrapKey(contentKey: Uint8Array, options?: KeyOperationOptions): Promise<WrappedKey> {
    if (!this.#canWrite) throw new InvalidOptionsError([versionlessFault(this.keyId)]);
    const encryptedKey = await this.#wrapped(contentKey, options);
    if (!isFilled(encryptedKey)) throw new KeyWrapError(this.keyId, { cause: new Error(NO_BYTES) });
    return { keyId: this.keyId, algorithm: this.algorithm, encryptedKey };
  }

  /**
   * Unwraps in the vault.
   *
   * @throws `KEY_ALGORITHM_NOT_ALLOWED` for RSA1_5 and everything else that is not a {@link KeyWrapAlgorithm} (`RSA` is read as
   * `RSA-OAEP`); `KEY_UNWRAP_FAILED` where the vault refuses the bytes; `KEY_UNAVAILABLE`, `KEY_ACCESS_DENIED`, `KEY_DELETED`,
   * `KEY_DISABLED` where the key cannot be used.
   */
  async unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array> {
    const client: CryptographyClientLike = {
      wrapKey: (...call) => this.#client.wrapKey(...call),
      unwrapKey: (...call) => this.#pace.run(() => this.#client.unwrapKey(...call), options),
    };
    return unwrapBy(client, { keyId: this.keyId, algorithm, encryptedKey }, options);
  }

  async #wrapped(contentKey: Uint8Array, options: KeyOperationOptions | undefined): Promise<unknown> {
    try {
      const call = () => this.#client.wrapKey(this.algorithm, contentKey, clientCallOptions(options));
      return (await this.#pace.run(call, options)).result;
    } catch (error) {
      throw keyServiceError(error, { keyId: this.keyId, refused: KeyWrapError });
    }
  }
}

const versionlessFault = (keyId: string): string =>
  `the client of key ${JSON.stringify(keyId)} is made for no version of it, so it cannot write: use the option "keyVault", which follows rotations, or make the client with the id of a version`;

/** `/` at the end is what people leave behind. */
const idOf = (keyId: string): KeyVaultKeyId | null => parseKeyVaultKeyId(keyId.replace(/\/+$/, ''));

const isVersionless = (keyId: string): boolean =>
  idOf(keyId)?.version === undefined && /\/keys\/[^/]+\/*$/i.test(keyId);

/** That of the vault of the first id that names one. A client of something else has none. */
function paceOf(
  { paces = sharedPaces }: Pick<KeyVaultEnvironment, 'paces'>,
  keyIds: readonly (string | undefined)[],
): PacedCalls {
  const [vault] = keyIds.flatMap((keyId) => idOf(keyId ?? '') ?? []);
  return vault === undefined ? { run: (call) => call() } : paces.of(vault.vaultUrl);
}

/** A client of the SDK that was made without a version has one in its id after its first use, but not in its requests. */
const wasVersionless = (client: object): boolean =>
  (client as { readonly remoteProvider?: { readonly version?: unknown } }).remoteProvider?.version === '';
