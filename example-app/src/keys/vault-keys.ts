import { KeyRing, type KeyVaultOptions } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from './clinic-keys.js';
import { type ClinicSecret, keyOf, keyOfWard } from './secret-keys.js';

/**
 * A key in a vault writes, also for patients: ward keys cannot be derived from a key that never leaves its vault. A row
 * that was copied to another ward is still rejected, because rows are bound to their keys. Content encrypted with
 * secrets is still readable.
 */
export class VaultKeys implements ClinicKeys {
  readonly writes: string;
  readonly ofClinic: ClinicKeys['ofClinic'];
  readonly ofWards: ClinicKeys['ofWards'];

  constructor(keyVault: KeyVaultOptions & { readonly key: string }, former: readonly ClinicSecret[] = []) {
    this.writes = keyVault.key;
    this.ofClinic = { keyVault, keyResolver: new KeyRing(former.map(keyOf)).resolve };
    this.ofWards = { keyResolver: (keyId, target) => keyOfWard(former, keyId, target) };
  }

  /** Every version of the key counts, because the vault rotates it automatically. */
  writesWith(keyId: string): boolean {
    return keyId === this.writes || keyId.startsWith(`${this.writes}/`);
  }
}
