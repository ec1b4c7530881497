/**
 * The identifier of a key in Azure Key Vault or a Managed HSM. It is stored with the data, so anyone who can write to storage can
 * choose it, and clients use it as an address. Therefore it is parsed strictly:
 *
 *     https://<host>/keys/<name>              a key
 *     https://<host>/keys/<name>/<version>    a version of the key; 32 hexadecimal digits
 *
 * No port, user, query, fragment, percent sign, dot segment or trailing slash, and a host in lower case.
 */

/** The parts of a key identifier. */
export interface KeyVaultKeyId {
  /** The whole identifier. */
  readonly keyId: string;
  /** `https://` and the host. */
  readonly vaultUrl: string;
  readonly name: string;
  /** 32 hexadecimal digits; `undefined` in the identifier of a key without a version. */
  readonly version: string | undefined;
}

/** The identifier of one version. */
export type KeyVaultVersionId = KeyVaultKeyId & { readonly version: string };

const KEY_ID = /^(https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\/keys\/([0-9a-z-]{1,127})(?:\/([0-9a-f]{32}))?$/i;

/**
 * Reads the identifier of a key in Key Vault.
 *
 * @returns its parts, or `null` for anything that is not exactly such an identifier
 *
 * @example
 * ```ts
 * import { type KeyPredicate, parseKeyVaultKeyId } from 'nestjs-azure-encrypted-storage';
 *
 * // each partition of a table has its own key
 * export const allowKey: KeyPredicate = (keyId, target) => {
 *   const key = parseKeyVaultKeyId(keyId);
 *   return target.kind === 'table' && key?.vaultUrl === 'https://clinic.vault.azure.net' && key.name === target.partitionKey;
 * };
 * ```
 */
export function parseKeyVaultKeyId(keyId: string): KeyVaultKeyId | null {
  const [, vaultUrl, name, version] = KEY_ID.exec(keyId) ?? [];
  if (vaultUrl === undefined || name === undefined || urlOf(keyId)?.href !== keyId) return null;
  return { keyId, vaultUrl, name, version };
}

/** Leaves out ids that do not belong to a vault. */
export const keyVaultKeyIdsIn = (keyIds: readonly string[] = []): readonly KeyVaultKeyId[] =>
  keyIds.flatMap((keyId) => parseKeyVaultKeyId(keyId) ?? []);

/** Domains that belong to Key Vault and to Managed HSMs, in all clouds. */
const VAULT_HOST =
  /\.(?:vault|managedhsm|vault-int|managedhsm-preview)\.(?:azure|usgovcloudapi|microsoftazure)\.[a-z]+$/;
const DOT_SEGMENT = /[\\/](?:\.|%2e){1,2}(?=[\\/?#]|$)/i;
// eslint-disable-next-line no-control-regex -- that is what it looks for
const NEVER_IN_A_URL = /[\\\s\u0000-\u001f\u007f]/;

/**
 * Whether a stored key id looks like an address, but not one that a key can have: its writer wanted it to pass for another id.
 * Ids that are not addresses are never malformed; those of other key services may have any canonical form.
 */
export function isMalformedKeyId(keyId: string): boolean {
  if (!/^\s*https?:/i.test(keyId)) return false;
  if (NEVER_IN_A_URL.test(keyId) || DOT_SEGMENT.test(keyId)) return true;
  const host = urlOf(keyId)?.hostname;
  return host === undefined || (VAULT_HOST.test(host) && parseKeyVaultKeyId(keyId) === null);
}

const urlOf = (address: string): URL | null => (URL.canParse(address) ? new URL(address) : null);
