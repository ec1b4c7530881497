/** AES-256-GCM (NIST SP 800-38D) for one region: 96-bit nonce, 128-bit tag, no additional data. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { ContentKey } from './content-key.js';
import { DecryptionError } from '../errors/content.js';

export const NONCE_LENGTH = 12;
export const TAG_LENGTH = 16;

const ALGORITHM = 'aes-256-gcm';
/** Always set: without it, Node accepts a tag of four bytes. */
const OPTIONS = { authTagLength: TAG_LENGTH } as const;

/** Seals one region piece by piece. */
export interface GcmSealing {
  update(plaintext: Uint8Array): Buffer;
  /** The tag over everything that was sealed. */
  finish(): Buffer;
}

/** Opens one region piece by piece. `update` returns unverified plaintext; release it only after `verify`. */
interface GcmOpening {
  update(ciphertext: Uint8Array): Buffer;
  /** Throws {@link DecryptionError} unless the tag matches everything that was opened. */
  verify(tag: Uint8Array): void;
}

export function gcmSealing(key: ContentKey, nonce: Uint8Array): GcmSealing {
  const cipher = createCipheriv(ALGORITHM, key, nonce, OPTIONS);
  return {
    update: (plaintext) => cipher.update(plaintext),
    finish: () => {
      cipher.final();
      return cipher.getAuthTag();
    },
  };
}

export function gcmOpening(key: ContentKey, nonce: Uint8Array): GcmOpening {
  const decipher = createDecipheriv(ALGORITHM, key, nonce, OPTIONS);
  return {
    update: (ciphertext) => decipher.update(ciphertext),
    verify: (tag) => {
      try {
        decipher.setAuthTag(tag);
        decipher.final();
      } catch {
        throw new DecryptionError();
      }
    },
  };
}
