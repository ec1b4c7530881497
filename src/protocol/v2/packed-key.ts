/**
 * What the KEK wraps in 2.x: the content key, preceded by its version, so that a changed label is detected.
 *
 *     packed = version in UTF-8, NUL-padded (8) || CEK (32)
 *
 * Source: docs/formats.md, "Packed key".
 */
import { equalBytes } from '../../crypto/bytes.js';
import { CONTENT_KEY_LENGTH, copyOfKey } from '../../crypto/content-key.js';
import { DecryptionError } from '../../errors/content.js';
import type { Protocol } from '../protocol.js';

const PREFIX_LENGTH = 8;

/** Bytes that the KEK wraps. */
export const PACKED_LENGTH = PREFIX_LENGTH + CONTENT_KEY_LENGTH;

export function packing(version: string): Pick<Protocol, 'packKey' | 'unpackKey'> {
  const prefix = Buffer.alloc(PREFIX_LENGTH);
  prefix.write(version);
  return {
    // in memory that is not shared, unlike that of `Buffer.concat`
    packKey: (contentKey) => {
      const packed = Buffer.alloc(PACKED_LENGTH);
      packed.set(prefix);
      packed.set(contentKey, PREFIX_LENGTH);
      return packed;
    },
    unpackKey: (packed) => {
      const isOurs = packed.length === PACKED_LENGTH && equalBytes(packed.subarray(0, PREFIX_LENGTH), prefix);
      if (!isOurs) throw new DecryptionError();
      return copyOfKey(packed.subarray(PREFIX_LENGTH));
    },
  };
}
