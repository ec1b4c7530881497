/** The `keyVault` option of a policy, and what may be wrong with it. */
import type { TokenCredential } from '@azure/core-auth';
import { group, isObject, must, object, type OptionRule, type RulesOf, wholeNumber } from '../../option-rules.js';
import type { KeyWrapAlgorithm } from '../key-encryption-key.js';
import { isVaultAlgorithm } from './cryptography-client.js';
import { parseKeyVaultKeyId } from './key-id.js';
import type { KeyVaultClientOptions } from './key-vault-sdk.js';

/** Keys in Azure Key Vault or a Managed HSM. Needs the package `@azure/keyvault-keys`. */
export interface KeyVaultOptions {
  /**
   * Id of the key that writes, as `https://clinic.vault.azure.net/keys/records`. Without a version the newest one writes, and
   * rotations are followed; with a version only that one writes. All versions of the key are read. Leave it out to only read.
   */
  readonly key?: string;
  /** How to sign in, for example `new DefaultAzureCredential()` of `@azure/identity`. */
  readonly credential: TokenCredential;
  /**
   * How content keys are wrapped: `RSA-OAEP` or `RSA-OAEP-256` for RSA keys, in this process; `A256KW` and its like for symmetric
   * keys of a Managed HSM, which then are asked for each write.
   *
   * @defaultValue `RSA-OAEP`, which every SDK knows
   */
  readonly algorithm?: KeyWrapAlgorithm;
  /** Ids of other keys that may be read: with a version that version, without one all of them. */
  readonly alsoRead?: readonly string[];
  /**
   * Where keys are that were moved: addresses of vaults, as they are part of stored key ids, and the addresses to ask in their
   * place. `{ 'https://old.vault.azure.net': 'https://clinic.vault.azure.net' }` reads what the old vault's keys wrapped.
   */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * Milliseconds after which it is looked up, in the background, which version is the newest and whether it may still write;
   * 1,000 to 86,400,000. A version that could not be confirmed for twice as long is not written with.
   *
   * @defaultValue 300,000
   */
  readonly refresh?: number;
  /**
   * Requests a second that a vault is sent at most, by all policies of this process, 1 to 10,000. The lowest value counts where
   * policies of one vault differ.
   *
   * @defaultValue no limit but the vault's own
   */
  readonly requestsPerSecond?: number;
  /** Handed to the clients of the SDK. */
  readonly clientOptions?: KeyVaultClientOptions;
}

/** The same keys for reading alone. */
export function readingOnly({ key, alsoRead = [], ...others }: KeyVaultOptions): KeyVaultOptions {
  const id = key === undefined ? null : parseKeyVaultKeyId(key);
  return { ...others, alsoRead: [...(id === null ? [] : [`${id.vaultUrl}/keys/${id.name}`]), ...alsoRead] };
}

export const DEFAULT_REFRESH = 5 * 60 * 1000;
const MIN_REFRESH = 1000;
const MAX_REFRESH = 24 * 60 * 60 * 1000;
const MAX_RATE = 10_000;

const isKeyId = (value: unknown): boolean => typeof value === 'string' && parseKeyVaultKeyId(value) !== null;
const keyId = must(isKeyId, 'the id of a key, as https://NAME.vault.azure.net/keys/KEY');

const isVault = (url: unknown): boolean =>
  typeof url === 'string' && parseKeyVaultKeyId(`${url}/keys/k`)?.vaultUrl === url;

const KEY_VAULT: RulesOf<KeyVaultOptions> = {
  key: keyId,
  credential: must(
    (value) => isObject(value) && typeof value['getToken'] === 'function',
    'a TokenCredential, for example a DefaultAzureCredential of @azure/identity',
  ),
  algorithm: must(isVaultAlgorithm, 'one of "RSA-OAEP", "RSA-OAEP-256", "A128KW", "A192KW", "A256KW"'),
  alsoRead: must(
    (value) => Array.isArray(value) && value.every(isKeyId),
    'a list of ids of keys, as https://NAME.vault.azure.net/keys/KEY',
  ),
  aliases: must(
    (value) => isObject(value) && Object.entries(value).every((entry) => entry.every(isVault)),
    'an object from vault to vault, both as https://NAME.vault.azure.net',
  ),
  refresh: wholeNumber(MIN_REFRESH, MAX_REFRESH, ' milliseconds'),
  requestsPerSecond: wholeNumber(1, MAX_RATE),
  clientOptions: object,
};

/** The rule of the option `keyVault`. */
export const keyVaultRule: OptionRule = group(KEY_VAULT, ({ key, credential, alsoRead }, path) => [
  ...(credential === undefined ? KEY_VAULT.credential.faults(credential, `${path}.credential`) : []),
  ...(key === undefined && !(Array.isArray(alsoRead) && alsoRead.length > 0)
    ? [`"${path}" has no key: give "key" to write, "alsoRead" to only read`]
    : []),
]);
