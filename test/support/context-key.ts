/** A key as in some services: rotation keeps its id, and the target is authenticated with the wrapped bytes. */
import { createCipheriv, createDecipheriv, generateKeySync, randomBytes, type KeyObject } from 'node:crypto';
import { KeyUnwrapError } from '../../src/errors/keys.js';
import type { KeyEncryptionKey, KeyOperationOptions, WrappedKey } from '../../src/keys/key-encryption-key.js';

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** The wrapped key is the concatenation of version number, nonce, ciphertext and tag. */
export class ContextKey implements KeyEncryptionKey {
  readonly #versions: (KeyObject | undefined)[] = [generateKeySync('aes', { length: 256 })];
  /** The number of unwrap calls. */
  unwraps = 0;

  constructor(readonly keyId: string) {}

  rotate(): void {
    this.#versions.push(generateKeySync('aes', { length: 256 }));
  }

  /** Keeps only the newest version. */
  forgetOlder(): void {
    this.#versions.fill(undefined, 0, -1);
  }

  async wrapKey(contentKey: Uint8Array, options?: KeyOperationOptions): Promise<WrappedKey> {
    const version = this.#versions.length - 1;
    const nonce = randomBytes(NONCE_LENGTH);
    const cipher = createCipheriv('aes-256-gcm', this.#versionOf(version), nonce, { authTagLength: TAG_LENGTH });
    cipher.setAAD(contextOf(options));
    const ciphertext = Buffer.concat([cipher.update(contentKey), cipher.final(), cipher.getAuthTag()]);
    return {
      keyId: this.keyId,
      algorithm: 'X-CONTEXT',
      encryptedKey: Buffer.concat([Buffer.of(version), nonce, ciphertext]),
    };
  }

  async unwrapKey(encryptedKey: Uint8Array, _algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array> {
    this.unwraps += 1;
    try {
      const tagAt = encryptedKey.length - TAG_LENGTH;
      const nonce = encryptedKey.subarray(1, 1 + NONCE_LENGTH);
      const key = this.#versionOf(encryptedKey[0] ?? -1);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH });
      decipher.setAAD(contextOf(options)).setAuthTag(encryptedKey.subarray(tagAt));
      return Buffer.concat([decipher.update(encryptedKey.subarray(1 + NONCE_LENGTH, tagAt)), decipher.final()]);
    } catch {
      throw new KeyUnwrapError(this.keyId);
    }
  }

  #versionOf(version: number): KeyObject {
    const key = this.#versions[version];
    if (key === undefined) throw new KeyUnwrapError(this.keyId);
    return key;
  }
}

const contextOf = (options: KeyOperationOptions = {}): Buffer => Buffer.from(JSON.stringify(options.target ?? null));
