/** The clinic's keys, from its configuration: in a key vault, or in this process. */
import { Logger } from '@nestjs/common';
import { createSecretKey, randomBytes } from 'node:crypto';
import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from './clinic-keys.js';
import { type ClinicSecret, KEY_LENGTH, SecretKeys } from './secret-keys.js';
import { VaultKeys } from './vault-keys.js';

/**
 * `CLINIC_VAULT_KEY` is the id of a key in Key Vault that writes. Without it, `CLINIC_KEY_ID` and `CLINIC_KEY` (32 bytes in base64)
 * name the key that writes. `CLINIC_OLDER_KEYS` lists others that only read, as `id=base64`, separated by commas.
 */
export async function configuredKeys(environment: NodeJS.ProcessEnv): Promise<ClinicKeys> {
  const older = olderSecrets(environment['CLINIC_OLDER_KEYS'] ?? '');
  const vaultKey = environment['CLINIC_VAULT_KEY'];
  const secret = configuredSecret(environment);
  if (vaultKey === undefined) return new SecretKeys(secret ?? newSecret(environment), older);
  const { DefaultAzureCredential } = await import('@azure/identity');
  const keyVault = { key: vaultKey, credential: new DefaultAzureCredential(), algorithm: 'RSA-OAEP-256' as const };
  return new VaultKeys(keyVault, [...(secret === undefined ? [] : [secret]), ...older]);
}

const keyIdOf = ({ CLINIC_KEY_ID: keyId = 'clinic:1' }: NodeJS.ProcessEnv): string => keyId;

function configuredSecret(environment: NodeJS.ProcessEnv): ClinicSecret | undefined {
  const key = environment['CLINIC_KEY'];
  return key === undefined ? undefined : secretFrom(keyIdOf(environment), key);
}

function newSecret(environment: NodeJS.ProcessEnv): ClinicSecret {
  new Logger('ClinicKeys').warn(
    'Neither CLINIC_VAULT_KEY nor CLINIC_KEY is set: a new key is made, and what it encrypts is lost with this process',
  );
  return { keyId: keyIdOf(environment), secret: createSecretKey(randomBytes(KEY_LENGTH)) };
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

/** The package's own reading of base64 refuses what is none. */
function secretFrom(keyId: string, base64: string): ClinicSecret {
  AesKeyEncryptionKey.fromBase64(keyId, base64);
  return { keyId, secret: createSecretKey(base64, 'base64') };
}
