/** Keys in this process: one to write with, older ones to read with, and of each one for every ward. */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { AesKeyEncryptionKey, type EncryptionTarget, KeyRing } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from './clinic-keys.js';

/** Bytes of a key. */
export const KEY_LENGTH = 32;

/** A key as the configuration has it. */
export interface ClinicSecret {
  readonly keyId: string;
  readonly secret: KeyObject;
}

export class SecretKeys implements ClinicKeys {
  readonly ofClinic: ClinicKeys['ofClinic'] = {
    keyEncryptionKey: () => keyOf(this.current),
    keyResolver: (keyId, target) => new KeyRing(this.former.map(keyOf)).resolve(keyId, target),
  };
  /** Every ward has its own key, and a row that was wrapped with another ward's is refused. */
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

/** A key that the ward of a row has or had; `null` for those of other wards. */
export function keyOfWard(
  secrets: readonly ClinicSecret[],
  keyId: string,
  target: EncryptionTarget,
): AesKeyEncryptionKey | null {
  const found = secrets.map((secret) => secretOfWard(secret, wardOf(target))).find((secret) => secret.keyId === keyId);
  return found === undefined ? null : keyOf(found);
}

/** HKDF (RFC 5869) of the clinic's key, with the ward for its purpose. */
function secretOfWard({ keyId, secret }: ClinicSecret, ward: string): ClinicSecret {
  const derived = hkdfSync('sha256', secret, '', `ward ${ward}`, KEY_LENGTH);
  return { keyId: `${keyId}/${ward}`, secret: createSecretKey(new Uint8Array(derived)) };
}

/** The partition of a row is the ward; patients are nothing but rows. */
function wardOf(target: EncryptionTarget): string {
  if (target.kind !== 'table') throw new Error('Only rows of patients have keys of wards');
  return target.partitionKey;
}
