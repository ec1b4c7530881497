import type { ByteTransform } from './byte-transform.js';
import { asBuffer } from './bytes.js';
import { DecryptionError } from '../errors/content.js';

/**
 * Passes bytes through and fails at the end unless there were exactly `length`, so truncated content never counts as complete.
 */
export function exactLength(length: number): ByteTransform {
  let left = length;
  return {
    push: (chunk) => {
      left -= chunk.length;
      if (left < 0) throw new DecryptionError();
      return [asBuffer(chunk)];
    },
    finish: () => {
      if (left !== 0) throw new DecryptionError();
      return [];
    },
  };
}
