import type { EncryptionPolicy, KeyVaultOptions } from 'nestjs-azure-encrypted-storage';

type KeysOfPolicy = Pick<EncryptionPolicy, 'keyEncryptionKey' | 'keyResolver' | 'allowKey'>;

/** The clinic's keys, for the policies of its modules. */
export interface ClinicKeys {
  /** Id of the key that writes. */
  readonly writes: string;
  /** The policy options for scans, referrals and letters. */
  readonly ofClinic: KeysOfPolicy & { readonly keyVault?: KeyVaultOptions };
  /** The policy options that differ for patients. */
  readonly ofWards: KeysOfPolicy;
  /** Whether an id belongs to the key that writes now, or to a key derived from it. */
  writesWith(keyId: string): boolean;
  /** Creates a new key that writes from now on, and keeps the others for reading. Only for keys in this process. */
  rotate?(): void;
}
