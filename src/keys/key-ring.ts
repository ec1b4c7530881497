import { keyIdFaults } from './built-in-key.js';
import type { KeyEncryptionKey, KeyResolver } from './key-encryption-key.js';
import { must, refuse } from '../option-rules.js';

const KEYS = must(Array.isArray, 'a list of keys');

/**
 * The keys that data may have been written with, found by id. One of them writes, all of them read.
 *
 * @example
 * ```ts
 * import { AesKeyEncryptionKey, KeyRing } from 'nestjs-azure-encrypted-storage';
 *
 * const current = AesKeyEncryptionKey.generate('clinic-2025');
 * const former = AesKeyEncryptionKey.generate('clinic-2024');
 *
 * export const encryption = { keyEncryptionKey: current, keyResolver: new KeyRing([current, former]).resolve };
 * ```
 */
export class KeyRing {
  readonly #keys = new Map<string, KeyEncryptionKey>();

  /**
   * A key resolver: returns the key with exactly this id, or `null`. It does not use `this`.
   *
   * @param keyId - compared exactly, including letter case
   */
  readonly resolve: KeyResolver = (keyId) => this.#keys.get(keyId) ?? null;

  /**
   * @throws `INVALID_OPTIONS`, with every id that occurs twice.
   */
  constructor(keys: readonly KeyEncryptionKey[] = []) {
    refuse(KEYS.faults(keys, 'keys'));
    refuse(keys.flatMap((key) => this.#insert(key)));
  }

  /**
   * Adds a key.
   *
   * @throws `INVALID_OPTIONS` if the ring already has a key with that id. The ring then remains unchanged.
   */
  add(key: KeyEncryptionKey): this {
    refuse(this.#insert(key));
    return this;
  }

  #insert(key: KeyEncryptionKey): string[] {
    // where types are not checked, a list may lack a key
    const faults = keyIdFaults((key as KeyEncryptionKey | undefined)?.keyId);
    if (faults.length > 0) return faults;
    if (this.#keys.has(key.keyId)) return [`the key ring has two keys with id ${JSON.stringify(key.keyId)}`];
    this.#keys.set(key.keyId, key);
    return [];
  }
}
