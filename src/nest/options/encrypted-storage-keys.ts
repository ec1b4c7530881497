import type { OnApplicationShutdown } from '@nestjs/common';
import { KeyVaultKeys, type KeyVaultState } from '../../keys/vault/key-vault-keys.js';
import type { KeyVaultOptions } from '../../keys/vault/key-vault-options.js';
import { loadKeyVaultSdk } from '../../keys/vault/key-vault-sdk.js';

/**
 * The vaults of an account, including those of its features. Inject it to follow a rotation at once, for example in a handler for
 * the Event Grid event `Microsoft.KeyVault.KeyNewVersionCreated`. Without such a handler, a rotation is followed within
 * `refresh`.
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

  /**
   * Looks up at once which version of each key writes. Rejects if a vault cannot be reached; the versions known so far remain in
   * use.
   */
  async refreshKeys(): Promise<void> {
    await Promise.all([...this.#vaults.values()].map((vault) => vault.refresh()));
  }

  /** The version that writes, its expiry and its age, for each vault that has been written with. */
  get current(): readonly KeyVaultState[] {
    return [...this.#vaults.values()].flatMap((vault) => vault.state ?? []);
  }

  /** Policies that were given the same options object share its keys. Called by the module. */
  async vaultOf(options: KeyVaultOptions): Promise<KeyVaultKeys> {
    const sdk = await loadKeyVaultSdk();
    const vault = this.#vaults.get(options) ?? new KeyVaultKeys(options, sdk);
    this.#vaults.set(options, vault);
    return vault;
  }

  /** Gives up this account's share of the rate of its vaults. Called by Nest. */
  onApplicationShutdown(): void {
    for (const vault of this.#vaults.values()) vault.close();
  }
}
