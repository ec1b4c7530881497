/**
 * What the KEK wraps in 2.x: the content key behind the version it is for, so that a changed label is found out.
 *
 *     packed = version in UTF-8, NUL-padded (8) || CEK (32)
 *
 * Source: docs/formats.md, "Packed key".
 */
import { equalBytes } from '../../crypto/bytes.js';
import { CONTENT_KEY_LENGTH } from '../../crypto/content-key.js';
import { DecryptionError } from '../../errors/content.js';

const PREFIX_LENGTH = 8;

const prefixOf = (version: string): Buffer => {
  const prefix = Buffer.alloc(PREFIX_LENGTH);
  prefix.write(version, 'utf8');
  return prefix;
};

export const packKey = (version: string, contentKey: Uint8Array): Buffer =>
  Buffer.concat([prefixOf(version), contentKey]);

export function unpackKey(version: string, packed: Uint8Array): Buffer {
  const isOurs =
    packed.length === PREFIX_LENGTH + CONTENT_KEY_LENGTH &&
    equalBytes(packed.subarray(0, PREFIX_LENGTH), prefixOf(version));
  if (!isOurs) throw new DecryptionError();
  return Buffer.from(packed.subarray(PREFIX_LENGTH));
}
