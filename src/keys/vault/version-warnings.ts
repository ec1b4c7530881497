import { quoted } from '../../encoding/printable.js';
import type { KeyVaultState } from './key-vault-keys.js';

/** Key Vault sends its own event before an expiry, `KeyNearExpiry`, equally early. */
const NEAR_EXPIRY = 30 * 24 * 60 * 60 * 1000;
const DATE_LENGTH = 10;

/** Warnings about the version that writes now, one sentence each. `now` is in milliseconds since 1970. */
export function versionWarnings(
  { keyId, expiresOn, isPurgeable, insteadOf }: Omit<KeyVaultState, 'age'>,
  now: number,
): readonly string[] {
  const key = `key ${quoted(keyId)}`;
  const expiresSoon = expiresOn !== undefined && expiresOn.getTime() - now < NEAR_EXPIRY;
  return [
    ...(insteadOf === undefined
      ? []
      : [
          `key ${quoted(insteadOf)} is the newest version and disabled, so an older one writes: enable it, or rotate the key`,
        ]),
    ...(expiresSoon
      ? [`${key} expires on ${expiresOn.toISOString().slice(0, DATE_LENGTH)}: rotate it, writes fail from then on`]
      : []),
    ...(isPurgeable === true
      ? [
          `${key} is in a vault without purge protection, so anyone who may purge keys can destroy everything that it encrypted: turn purge protection on`,
        ]
      : []),
  ];
}
