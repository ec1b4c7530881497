/** The `keyVault` option of a policy, and its rules. */
import type { TokenCredential } from '@azure/core-auth';
import { group, isObject, must, object, type OptionRule, type RulesOf, wholeNumber } from '../../option-rules.js';
import type { KeyWrapAlgorithm } from '../key-encryption-key.js';
import { isVaultAlgorithm } from './cryptography-client.js';
import { parseKeyVaultKeyId } from './key-id.js';
import type { KeyVaultClientOptions } from './key-vault-sdk.js';

/** Keys in Azure Key Vault or a Managed HSM. Needs the package `@azure/keyvault-keys`. */
export interface KeyVaultOptions {
  /**
   * Id of the key that writes, such as `https://clinic.vault.azure.net/keys/records`. Without a version the newest one writes,
   * and rotations are followed; with a version only that one writes. All versions of the key can read. Omit it if the application
   * only reads.
   */
  readonly key?: string;
  /** How to sign in, for example `new DefaultAzureCredential()` of `@azure/identity`. */
  readonly credential: TokenCredential;
  /**
   * How content keys are wrapped: `RSA-OAEP` or `RSA-OAEP-256` for RSA keys, in this process; `A128KW`, `A192KW` or `A256KW` for
   * symmetric keys of a Managed HSM, with a request for each write.
   *
   * @defaultValue `RSA-OAEP`, which every SDK supports
   */
  readonly algorithm?: KeyWrapAlgorithm;
  /** Ids of other keys that may read: with a version, only that version; without one, all of them. */
  readonly alsoRead?: readonly string[];
  /**
   * Where to find keys that were moved: maps the address of the vault in stored key ids to the address that has the keys now.
   * `{ 'https://old.vault.azure.net': 'https://clinic.vault.azure.net' }` reads what the old vault's keys wrapped.
   */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * Milliseconds between look-ups, in the background, of the newest version and whether it may still write; 1,000 to 86,400,000.
   * A version that could not be confirmed for twice this time does not write.
   *
   * @defaultValue 300,000
   */
  readonly refresh?: number;
  /**
   * Maximum number of requests per second that all policies of this process together send to a vault, 1 to 10,000. If policies
   * differ, the lowest value applies.
   *
   * @defaultValue only the vault's own limit
   */
  readonly requestsPerSecond?: number;
  /** Passed to the clients of the SDK. */
  readonly clientOptions?: KeyVaultClientOptions;
}

/** The same keys, only for reading. */
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
