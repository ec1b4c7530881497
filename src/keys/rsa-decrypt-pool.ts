/**
 * RSA-OAEP decryption that leaves the event loop free. A private operation takes 1 to 6 ms. Web Crypto runs it on Node's thread
 * pool, but only one at a time for each key handle, so the key is imported into several handles, each when it is first needed.
 */
import { type KeyObject, webcrypto } from 'node:crypto';

/** Hash for the label and for MGF1. */
export type OaepHash = 'SHA-1' | 'SHA-256';

type Handle = webcrypto.CryptoKey;

/** The default size of Node's thread pool. More handles could not run at once. */
const HANDLES_PER_HASH = 4;

export class RsaDecryptPool {
  readonly #key: KeyObject;
  readonly #handles: Record<OaepHash, (Promise<Handle> | undefined)[]> = { 'SHA-1': [], 'SHA-256': [] };
  #calls = 0;

  constructor(privateKey: KeyObject) {
    this.#key = privateKey;
  }

  /** The content. Rejects if it cannot be decrypted, for any reason. */
  async decrypt(ciphertext: Uint8Array, hash: OaepHash): Promise<Uint8Array> {
    const handle = await this.#nextHandle(hash);
    return new Uint8Array(await webcrypto.subtle.decrypt('RSA-OAEP', handle, ciphertext));
  }

  #nextHandle(hash: OaepHash): Promise<Handle> {
    const [handles, turn] = [this.#handles[hash], this.#calls++ % HANDLES_PER_HASH];
    return (handles[turn] ??= this.#import(hash).catch((error: unknown) => {
      // the next call imports again
      handles[turn] = undefined;
      throw error;
    }));
  }

  async #import(hash: OaepHash): Promise<Handle> {
    const bytes = this.#key.export({ type: 'pkcs8', format: 'der' });
    try {
      return await webcrypto.subtle.importKey('pkcs8', bytes, { name: 'RSA-OAEP', hash }, false, ['decrypt']);
    } finally {
      bytes.fill(0);
    }
  }
}
