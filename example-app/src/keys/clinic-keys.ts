/** The clinic's keys, from its configuration: one to write with, older ones to read with, and of each one for every ward. */
import { Logger } from '@nestjs/common';
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';

/** Bytes of a key. */
const KEY_LENGTH = 32;

/** A key as the configuration has it. */
export interface ClinicSecret {
  readonly keyId: string;
  readonly secret: KeyObject;
}

export class ClinicKeys {
  readonly writing: AesKeyEncryptionKey;
  readonly older: readonly AesKeyEncryptionKey[];

  constructor(
    private readonly current: ClinicSecret,
    private readonly former: readonly ClinicSecret[] = [],
  ) {
    this.writing = keyOf(current);
    this.older = former.map(keyOf);
  }

  /** What a ward writes with: its key tells nothing of the clinic's, nor of another ward's. */
  ofWard(ward: string): AesKeyEncryptionKey {
    return keyOf(secretOfWard(this.current, ward));
  }

  /** A key that the ward has or had; `null` for those of other wards. */
  findOfWard(ward: string, keyId: string): AesKeyEncryptionKey | null {
    const found = [this.current, ...this.former].find((secret) => keyId === secretOfWard(secret, ward).keyId);
    return found === undefined ? null : keyOf(secretOfWard(found, ward));
  }
}

/**
 * `CLINIC_KEY_ID` and `CLINIC_KEY` (32 bytes in base64) name the key that writes; `CLINIC_OLDER_KEYS` lists others as
 * `id=base64`, separated by commas.
 */
export function clinicKeys(environment: NodeJS.ProcessEnv): ClinicKeys {
  return new ClinicKeys(writingSecret(environment), olderSecrets(environment['CLINIC_OLDER_KEYS'] ?? ''));
}

function writingSecret({ CLINIC_KEY_ID: keyId = 'clinic:1', CLINIC_KEY: key }: NodeJS.ProcessEnv): ClinicSecret {
  if (key !== undefined) return secretFrom(keyId, key);
  new Logger('ClinicKeys').warn(
    'CLINIC_KEY is not set: a new key is made, and what it encrypts is lost with this process',
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

/** The package's own reading of base64 refuses what is none. */
function secretFrom(keyId: string, base64: string): ClinicSecret {
  AesKeyEncryptionKey.fromBase64(keyId, base64);
  return { keyId, secret: createSecretKey(base64, 'base64') };
}

const keyOf = ({ keyId, secret }: ClinicSecret): AesKeyEncryptionKey =>
  AesKeyEncryptionKey.fromKeyObject(keyId, secret);

/** HKDF (RFC 5869) of the clinic's key, with the ward for its purpose. */
function secretOfWard({ keyId, secret }: ClinicSecret, ward: string): ClinicSecret {
  const derived = hkdfSync('sha256', secret, '', `ward ${ward}`, KEY_LENGTH);
  return { keyId: `${keyId}/${ward}`, secret: createSecretKey(new Uint8Array(derived)) };
}
