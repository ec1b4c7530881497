import type { OnApplicationShutdown } from '@nestjs/common';
import { KeyVaultKeys, type KeyVaultState } from '../../keys/vault/key-vault-keys.js';
import type { KeyVaultOptions } from '../../keys/vault/key-vault-options.js';
import { loadKeyVaultSdk } from '../../keys/vault/key-vault-sdk.js';

/**
 * The vaults of an account, those of its features included. Inject it to follow a rotation at once, where a handler of Event Grid
 * receives `Microsoft.KeyVault.KeyNewVersionCreated`; without such a handler it is followed within `refresh`.
 *
 * @example
 * ```ts
 * import { Controller, Post } from '@nestjs/common';
 * import { EncryptedStorageKeys } from 'nestjs-azure-encrypted-storage';
 *
 * @Controller('events')
 * export class RotationController {
 *   constructor(private readonly keys: EncryptedStorageKeys) {}
 *
 *   @Post('key-new-version-created')
 *   async rotated(): Promise<void> {
 *     await this.keys.refreshKeys();
 *   }
 * }
 * ```
 */
export class EncryptedStorageKeys implements OnApplicationShutdown {
  readonly #vaults = new Map<KeyVaultOptions, KeyVaultKeys>();

  /** Looks up at once which version of each key writes. Rejects where a vault cannot be asked; the versions known so far go on. */
  async refreshKeys(): Promise<void> {
    await Promise.all([...this.#vaults.values()].map((vault) => vault.refresh()));
  }

  /** Version that writes, its expiry and its age, for each vault that has been written with. */
  get current(): readonly KeyVaultState[] {
    return [...this.#vaults.values()].flatMap((vault) => vault.state ?? []);
  }

  /** Policies that were given the same object share its keys. Called by the module. */
  async vaultOf(options: KeyVaultOptions): Promise<KeyVaultKeys> {
    const sdk = await loadKeyVaultSdk();
    const vault = this.#vaults.get(options) ?? new KeyVaultKeys(options, sdk);
    this.#vaults.set(options, vault);
    return vault;
  }

  /** Gives up the part of this account in the rate of its vaults. Nest calls it. */
  onApplicationShutdown(): void {
    for (const vault of this.#vaults.values()) vault.close();
  }
}
