import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { KeyCallOptions } from '../../envelope/key-call-options.js';
import { PolicyKeys } from '../../envelope/policy-keys.js';
import type { UnwrapCacheStatistics } from '../../envelope/unwrap-cache.js';
import type { KeyEvent, KeyEventListener } from '../../keys/key-event.js';
import { KeyVaultKeys, type KeyVaultState } from '../../keys/vault/key-vault-keys.js';
import type { KeyVaultOptions } from '../../keys/vault/key-vault-options.js';
import { loadKeyVaultSdk } from '../../keys/vault/key-vault-sdk.js';
import { KeyVaultLog } from './key-vault-log.js';

/**
 * The keys of an account, including those of its features. Inject this class to collect metrics about keys, or to follow a
 * rotation at once, for example in a handler for the Event Grid event `Microsoft.KeyVault.KeyNewVersionCreated`. Without such a
 * handler, a rotation is followed within `refresh`.
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
  readonly #calls: PolicyKeys[] = [];
  readonly #listeners = new Set<KeyEventListener>();
  readonly #logger = new Logger(EncryptedStorageKeys.name);
  readonly #log = new KeyVaultLog();
  readonly #report = (event: KeyEvent): void => {
    this.#log.heed(event);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error(`a listener of key events failed at ${event.kind}: ${nameOf(error)}`);
      }
    }
  };

  /**
   * Looks up which version of each key writes. Rejects if a vault cannot be reached; then the known versions remain in use.
   */
  async refreshKeys(): Promise<void> {
    await Promise.all([...this.#vaults.values()].map((vault) => vault.refresh()));
  }

  /** The version that writes, its expiry and its age, for each vault that has been written with. */
  get current(): readonly KeyVaultState[] {
    return [...this.#vaults.values()].flatMap((vault) => vault.state ?? []);
  }

  /** Counts of the caches of unwrapped content keys, over all policies of this account. */
  get cache(): UnwrapCacheStatistics {
    const all = this.#calls.flatMap(({ cache }) => cache ?? []);
    const sum = (name: keyof UnwrapCacheStatistics): number => all.reduce((total, one) => total + one[name], 0);
    return { hits: sum('hits'), misses: sum('misses'), evictions: sum('evictions'), size: sum('size') };
  }

  /**
   * Calls the listener for each event: calls to keys, cache look-ups, throttling and rotations. If a listener throws, that is logged
   * and has no other effect.
   *
   * @returns a function that removes the listener
   *
   * @example
   * ```ts
   * import { Injectable, type OnModuleInit } from '@nestjs/common';
   * import { EncryptedStorageKeys } from 'nestjs-azure-encrypted-storage';
   *
   * @Injectable()
   * export class KeyMetrics implements OnModuleInit {
   *   readonly counts = new Map<string, number>();
   *
   *   constructor(private readonly keys: EncryptedStorageKeys) {}
   *
   *   onModuleInit(): void {
   *     this.keys.onEvent(({ kind }) => this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1));
   *   }
   * }
   * ```
   */
  onEvent(listener: KeyEventListener): () => void {
    // a new function for each call, because a listener may be added twice
    const own: KeyEventListener = (event) => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** The calls to keys of a policy, reported here. Called by the module. */
  callsOf(options: KeyCallOptions): PolicyKeys {
    const calls = new PolicyKeys(options, this.#report);
    this.#calls.push(calls);
    return calls;
  }

  /** Policies that were given the same options object share its keys. Called by the module. */
  async vaultOf(options: KeyVaultOptions): Promise<KeyVaultKeys> {
    const sdk = await loadKeyVaultSdk();
    const vault = this.#vaults.get(options) ?? new KeyVaultKeys(options, sdk, { onEvent: this.#report });
    this.#vaults.set(options, vault);
    return vault;
  }

  /**
   * Wipes the content keys in memory, and releases this account's share of the rate of its vaults. Reads in progress continue
   * without the cache. Called by Nest.
   */
  onApplicationShutdown(): void {
    for (const calls of this.#calls) calls.close();
    for (const vault of this.#vaults.values()) vault.close();
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');
