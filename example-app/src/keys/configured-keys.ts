/** The clinic's keys, from its configuration: in a key vault, or in this process. */
import { Logger } from '@nestjs/common';
import { createSecretKey, randomBytes } from 'node:crypto';
import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import type { Environment } from '../configuration/environment.js';
import type { ClinicKeys } from './clinic-keys.js';
import { type ClinicSecret, KEY_LENGTH, SecretKeys } from './secret-keys.js';
import { VaultKeys } from './vault-keys.js';

type KeyVariables = Pick<Environment, 'CLINIC_VAULT_KEY' | 'CLINIC_KEY_ID' | 'CLINIC_KEY' | 'CLINIC_OLDER_KEYS'>;

/**
 * `CLINIC_VAULT_KEY` is the id of the key in Key Vault that writes. Without it, `CLINIC_KEY_ID` and `CLINIC_KEY` (32
 * bytes in base64) name the key that writes. `CLINIC_OLDER_KEYS` lists others that only read, as `id=base64`, separated
 * by commas.
 */
export async function configuredKeys(environment: KeyVariables): Promise<ClinicKeys> {
  const { CLINIC_OLDER_KEYS: list, CLINIC_VAULT_KEY: vaultKey } = environment;
  const older = olderSecrets(list);
  const secret = configuredSecret(environment);
  if (vaultKey === undefined) return new SecretKeys(secret ?? newSecret(environment), older);
  const { DefaultAzureCredential } = await import('@azure/identity');
  const keyVault = { key: vaultKey, credential: new DefaultAzureCredential(), algorithm: 'RSA-OAEP-256' as const };
  return new VaultKeys(keyVault, [...(secret === undefined ? [] : [secret]), ...older]);
}

function configuredSecret({ CLINIC_KEY_ID: keyId, CLINIC_KEY: key }: KeyVariables): ClinicSecret | undefined {
  return key === undefined ? undefined : secretFrom(keyId, key);
}

function newSecret({ CLINIC_KEY_ID: keyId }: KeyVariables): ClinicSecret {
  new Logger('ClinicKeys').warn(
    'Neither CLINIC_VAULT_KEY nor CLINIC_KEY is set: content is encrypted with a new key and lost with this process',
  );
  return { keyId, secret: createSecretKey(randomBytes(KEY_LENGTH)) };
}

function olderSecrets(list: string): ClinicSecret[] {
  return list
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.indexOf('=');
      return secretFrom(entry.slice(0, at), entry.slice(at + 1));
    });
}

/** The package's base64 parser rejects invalid input. */
function secretFrom(keyId: string, base64: string): ClinicSecret {
  AesKeyEncryptionKey.fromBase64(keyId, base64);
  return { keyId, secret: createSecretKey(base64, 'base64') };
}
