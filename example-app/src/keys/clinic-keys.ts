/** The clinic's keys, from its configuration: one to write with, older ones to read with. */
import { Logger } from '@nestjs/common';
import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';

export interface ClinicKeys {
  readonly writing: AesKeyEncryptionKey;
  readonly older: readonly AesKeyEncryptionKey[];
}

/**
 * `CLINIC_KEY_ID` and `CLINIC_KEY` (32 bytes in base64) name the key that writes; `CLINIC_OLDER_KEYS` lists others as
 * `id=base64`, separated by commas.
 */
export function clinicKeys(environment: NodeJS.ProcessEnv): ClinicKeys {
  return { writing: writingKey(environment), older: olderKeys(environment['CLINIC_OLDER_KEYS'] ?? '') };
}

function writingKey({ CLINIC_KEY_ID: keyId = 'clinic:1', CLINIC_KEY: key }: NodeJS.ProcessEnv): AesKeyEncryptionKey {
  if (key !== undefined) return AesKeyEncryptionKey.fromBase64(keyId, key);
  new Logger('ClinicKeys').warn(
    'CLINIC_KEY is not set: a new key is made, and what it encrypts is lost with this process',
  );
  return AesKeyEncryptionKey.generate(keyId);
}

function olderKeys(list: string): AesKeyEncryptionKey[] {
  return list
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.indexOf('=');
      return AesKeyEncryptionKey.fromBase64(entry.slice(0, at), entry.slice(at + 1));
    });
}
