import type { EncryptionPolicy, KeyVaultOptions } from 'nestjs-azure-encrypted-storage';

type KeysOfPolicy = Pick<EncryptionPolicy, 'keyEncryptionKey' | 'keyResolver' | 'allowKey'>;

/** The clinic's keys, as the policies of its modules take them. */
export interface ClinicKeys {
  /** Id of the key that writes. */
  readonly writes: string;
  /** What encrypts and decrypts scans, referrals and letters. */
  readonly ofClinic: KeysOfPolicy & { readonly keyVault?: KeyVaultOptions };
  /** What is different for patients. */
  readonly ofWards: KeysOfPolicy;
  /** Whether an id is that of the key that writes now, or of one that is derived from it. */
  writesWith(keyId: string): boolean;
  /** Makes a new key that writes from now on, and keeps the others for reading. Only for keys in this process. */
  rotate?(): void;
}
