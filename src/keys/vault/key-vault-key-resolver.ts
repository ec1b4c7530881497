import { LRUCache } from 'lru-cache';
import { InvalidOptionsError } from '../../errors/input.js';
import type { KeyResolver } from '../key-encryption-key.js';
import type { CryptographyClientLike } from './cryptography-client.js';
import { type KeyVaultKeyId, parseKeyVaultKeyId } from './key-id.js';
import type { KeyVaultEnvironment } from './key-vault-keys.js';
import { KeyVaultKeyEncryptionKey } from './key-vault-key.js';

/** How keys of Key Vault are found. */
export interface KeyVaultKeyResolverOptions {
  /** A client for the key of exactly this id. */
  readonly client: (keyId: string) => CryptographyClientLike;
  /** Whether a key id is one of yours, given whole and in its parts. Only `true` is: see {@link keyVaultKeyResolver}. */
  readonly allow: (keyId: string, parts: KeyVaultKeyId) => boolean;
}

/** Keys that a resolver keeps: a client fetches its key before it unwraps, so a new one for every read costs a request more. */
const KNOWN_KEYS = 1000;

/**
 * Finds keys in Key Vault through clients of your own. Prefer the `keyVault` option of the module, which needs neither function.
 *
 * A key id is data from storage, and here an address to which an access token is sent: `allow` keeps a planted one from sending
 * yours to a foreign vault. It is asked for every read, and only for ids that {@link parseKeyVaultKeyId} reads: dot segments,
 * encodings, ports and the like never reach it. The clients of the last 1,000 keys are kept.
 *
 * Make the client for reading from `{ id, name, properties: {} }` in place of an id: it then needs no request and no permission to
 * get the key, and it still reads what a version wrapped that has expired.
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
 *     allow: (_keyId, { vaultUrl, name }) => vaultUrl === 'https://clinic.vault.azure.net' && name === 'records',
 *   });
 * ```
 */
export function keyVaultKeyResolver(
  options: KeyVaultKeyResolverOptions,
  environment: Pick<KeyVaultEnvironment, 'paces'> = {},
): KeyResolver {
  const { client, allow } = options;
  const faults = Object.entries({ client, allow }).filter(([, value]) => typeof value !== 'function');
  if (faults.length > 0)
    throw new InvalidOptionsError(faults.map(([name]) => `"${name}" must be a function of a key id`));

  const known = new LRUCache<string, KeyVaultKeyEncryptionKey>({ max: KNOWN_KEYS });
  return (keyId) => {
    const parts = parseKeyVaultKeyId(keyId);
    if (parts === null) return null;
    // a promise of `false` is truthy too
    const verdict: unknown = allow(keyId, parts);
    if (verdict !== true) return null;
    const key = known.get(keyId) ?? new KeyVaultKeyEncryptionKey(client(keyId), { keyId }, environment);
    known.set(keyId, key);
    return key;
  };
}
