/** A key class as a user of the package would write it: AES-256-GCM under a custom algorithm name. */
import { createCipheriv, createDecipheriv, generateKeySync, randomBytes, type KeyObject } from 'node:crypto';
import { KeyAlgorithmError, KeyUnwrapError } from '../../src/errors/keys.js';
import type { KeyEncryptionKey, WrappedKey } from '../../src/keys/key-encryption-key.js';

const ALGORITHM = 'X-A256GCM';
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** The wrapped key is the concatenation of nonce, ciphertext and tag. */
export class InMemoryKey implements KeyEncryptionKey {
  readonly #key: KeyObject = generateKeySync('aes', { length: 256 });

  constructor(readonly keyId: string) {}

  async wrapKey(contentKey: Uint8Array): Promise<WrappedKey> {
    const nonce = randomBytes(NONCE_LENGTH);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_LENGTH });
    const encryptedKey = Buffer.concat([nonce, cipher.update(contentKey), cipher.final(), cipher.getAuthTag()]);
    return { keyId: this.keyId, algorithm: ALGORITHM, encryptedKey };
  }

  async unwrapKey(encryptedKey: Uint8Array, algorithm: string): Promise<Uint8Array> {
    if (algorithm !== ALGORITHM) throw new KeyAlgorithmError(this.keyId, algorithm);
    try {
      const tagAt = encryptedKey.length - TAG_LENGTH;
      const nonce = encryptedKey.subarray(0, NONCE_LENGTH);
      const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_LENGTH });
      decipher.setAuthTag(encryptedKey.subarray(tagAt));
      return Buffer.concat([decipher.update(encryptedKey.subarray(NONCE_LENGTH, tagAt)), decipher.final()]);
    } catch {
      throw new KeyUnwrapError(this.keyId);
    }
  }
}
