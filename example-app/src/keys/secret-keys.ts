/** Keys in this process: one to write with, older ones to read with, and for each of them a key per ward. */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { AesKeyEncryptionKey, type EncryptionTarget, KeyRing } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from './clinic-keys.js';

/** The length of a key in bytes. */
export const KEY_LENGTH = 32;

/** A key from the configuration. */
export interface ClinicSecret {
  readonly keyId: string;
  readonly secret: KeyObject;
}

export class SecretKeys implements ClinicKeys {
  readonly ofClinic: ClinicKeys['ofClinic'] = {
    keyEncryptionKey: () => keyOf(this.current),
    keyResolver: (keyId, target) => new KeyRing(this.former.map(keyOf)).resolve(keyId, target),
  };
  /** Every ward has its own key, and a row wrapped with the key of another ward is rejected. */
  readonly ofWards: ClinicKeys['ofWards'] = {
    keyEncryptionKey: (target) => keyOf(secretOfWard(this.current, wardOf(target))),
    keyResolver: (keyId, target) => keyOfWard(this.all, keyId, target),
    allowKey: (keyId, target) => keyOfWard(this.all, keyId, target) !== null,
  };

  constructor(
    private current: ClinicSecret,
    private former: readonly ClinicSecret[] = [],
  ) {}

  get writes(): string {
    return this.current.keyId;
  }

  writesWith(keyId: string): boolean {
    return keyId === this.writes || keyId.startsWith(`${this.writes}/`);
  }

  rotate(): void {
    const { keyId } = this.current;
    const [, name, number] = /^(.*?)(\d+)$/.exec(keyId) ?? [null, `${keyId}:`, '1'];
    this.former = this.all;
    this.current = { keyId: `${name}${Number(number) + 1}`, secret: createSecretKey(randomBytes(KEY_LENGTH)) };
  }

  private get all(): readonly ClinicSecret[] {
    return [this.current, ...this.former];
  }
}

export const keyOf = ({ keyId, secret }: ClinicSecret): AesKeyEncryptionKey =>
  AesKeyEncryptionKey.fromKeyObject(keyId, secret);

/** A current or former key of the row's ward; `null` for keys of other wards. */
export function keyOfWard(
  secrets: readonly ClinicSecret[],
  keyId: string,
  target: EncryptionTarget,
): AesKeyEncryptionKey | null {
  const found = secrets.map((secret) => secretOfWard(secret, wardOf(target))).find((secret) => secret.keyId === keyId);
  return found === undefined ? null : keyOf(found);
}

/** HKDF (RFC 5869) of the clinic's key, with the ward as the info parameter. */
function secretOfWard({ keyId, secret }: ClinicSecret, ward: string): ClinicSecret {
  const derived = hkdfSync('sha256', secret, '', `ward ${ward}`, KEY_LENGTH);
  return { keyId: `${keyId}/${ward}`, secret: createSecretKey(new Uint8Array(derived)) };
}

/** The partition of a row is the ward; patients are always rows. */
function wardOf(target: EncryptionTarget): string {
  if (target.kind !== 'table') throw new Error('Only rows of patients have ward keys');
  return target.partitionKey;
}
