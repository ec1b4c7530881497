import { LRUCache } from 'lru-cache';
import { InvalidOptionsError } from '../../errors/input.js';
import type { KeyResolver } from '../key-encryption-key.js';
import type { CryptographyClientLike } from './cryptography-client.js';
import { type KeyVaultKeyId, parseKeyVaultKeyId } from './key-id.js';
import type { KeyVaultEnvironment } from './key-vault-keys.js';
import { KeyVaultKeyEncryptionKey } from './key-vault-key.js';

/** Options of {@link keyVaultKeyResolver}. */
export interface KeyVaultKeyResolverOptions {
  /** Returns a client for the key with exactly this id. */
  readonly client: (keyId: string) => CryptographyClientLike;
  /** Whether a key id, passed whole and in its parts, is one of yours. Only `true` allows it: see {@link keyVaultKeyResolver}. */
  readonly allow: (keyId: string, parts: KeyVaultKeyId) => boolean;
}

/**
 * Keys that a resolver keeps: a client fetches its key before it unwraps, so a new one for every read costs an additional
 * request.
 */
const KNOWN_KEYS = 1000;

/**
 * Finds keys in Key Vault through your own clients. Prefer the `keyVault` option of the module, which needs neither function.
 *
 * A key id is data from storage, and here it is an address to which an access token is sent: `allow` prevents a planted id from
 * sending your token to a foreign vault. It is called for every read, and only with ids that {@link parseKeyVaultKeyId} accepts:
 * dot segments, encodings, ports and the like never reach it. The clients of the last 1,000 keys are kept.
 *
 * Create the client for reading from `{ id, name, properties: {} }` instead of an id: then it needs no request and no permission
 * to get the key, and can still read what an expired version wrapped.
 *
 * @throws `INVALID_OPTIONS` if one of the two functions is missing.
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
    // a promise is truthy even if it resolves to `false`
    const verdict: unknown = allow(keyId, parts);
    if (verdict !== true) return null;
    const key = known.get(keyId) ?? new KeyVaultKeyEncryptionKey(client(keyId), { keyId }, environment);
    known.set(keyId, key);
    return key;
  };
}
