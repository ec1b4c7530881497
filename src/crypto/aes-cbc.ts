/** AES-256-CBC (NIST SP 800-38A, 6.2), with PKCS#7 padding (RFC 5652, 6.3) or without. */
import { createCipheriv, createDecipheriv, type Cipher, type Decipher } from 'node:crypto';
import type { ByteTransform } from './byte-transform.js';
import type { ContentKey } from './content-key.js';
import { DecryptionError } from '../errors/content.js';

/** Length of a block and of an IV, in bytes. */
export const BLOCK_LENGTH = 16;

const ALGORITHM = 'aes-256-cbc';

export type CbcPadding = 'pkcs7' | 'none';

export interface CbcParameters {
  readonly key: ContentKey;
  readonly iv: Uint8Array;
  readonly padding: CbcPadding;
}

/** Seals content of any length. Without padding, the length must be a multiple of 16 bytes. */
export function cbcSealer({ key, iv, padding }: CbcParameters): ByteTransform {
  return transformOf(createCipheriv(ALGORITHM, key, iv).setAutoPadding(padding === 'pkcs7'));
}

/** Opens content. Every failure is a {@link DecryptionError} that gives no reason. */
export function cbcOpener({ key, iv, padding }: CbcParameters): ByteTransform {
  const opener = transformOf(createDecipheriv(ALGORITHM, key, iv).setAutoPadding(padding === 'pkcs7'));
  return {
    push: (chunk) => opener.push(chunk),
    finish: () => {
      try {
        return opener.finish();
      } catch {
        throw new DecryptionError();
      }
    },
  };
}

function transformOf(cipher: Cipher | Decipher): ByteTransform {
  const filled = (piece: Buffer): Buffer[] => (piece.length === 0 ? [] : [piece]);
  return { push: (chunk) => filled(cipher.update(chunk)), finish: () => filled(cipher.final()) };
}
