/**
 * The unit for small operations: one A256KW wrap of a content key and one AES-256-GCM of 1 KiB, in the same run. A bar
 * in microseconds would describe the machine.
 */
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { KEY_LENGTH, wrapped } from './envelope-by-hand.js';
import { perOperation } from './operations.js';

const CONTENT_LENGTH = 1024;

/** Microseconds that one yardstick takes, over `count` of them. */
export function yardstick(count: number): () => Promise<number> {
  const key = createSecretKey(randomBytes(KEY_LENGTH));
  const contentKey = randomBytes(KEY_LENGTH);
  const content = randomBytes(CONTENT_LENGTH);
  const nonce = randomBytes(12);
  return perOperation(count, () => {
    wrapped(key, contentKey);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.update(content);
    cipher.final();
    return cipher.getAuthTag();
  });
}
