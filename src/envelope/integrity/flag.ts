/**
 * A content key that shows that its content has integrity entries. Every SDK accepts its 32 bytes like any others, but a reader
 * that unwraps it knows that the entries must be present, so nobody can remove them unnoticed.
 *
 *     CEK = r (24 random bytes) || first 8 bytes of HMAC-SHA-256(r, "azcse/flag/v1" || 01)
 *
 * The chance that a random key looks like this is one in 2^64. Source: docs/formats.md, "Integrity entries".
 */
import { equalBytes, randomBytes } from '../../crypto/bytes.js';
import { CONTENT_KEY_LENGTH, wipe } from '../../crypto/content-key.js';
import { deriveBytes } from '../../crypto/hmac.js';

const FLAG_LENGTH = 8;
const RANDOM_LENGTH = CONTENT_KEY_LENGTH - FLAG_LENGTH;
const LABEL = 'azcse/flag/v1';

/** New bytes for a content key whose content has entries. The caller wipes them. */
export function generateFlaggedKey(): Buffer {
  const random = randomBytes(RANDOM_LENGTH);
  const flag = deriveBytes(random, LABEL);
  const key = Buffer.alloc(CONTENT_KEY_LENGTH);
  key.set(random);
  flag.copy(key, RANDOM_LENGTH, 0, FLAG_LENGTH);
  wipe(random, flag);
  return key;
}

/** In constant time. */
export function isFlaggedKey(contentKey: Uint8Array): boolean {
  const expected = deriveBytes(contentKey.subarray(0, RANDOM_LENGTH), LABEL);
  const isFlagged = equalBytes(contentKey.subarray(RANDOM_LENGTH), expected.subarray(0, FLAG_LENGTH));
  wipe(expected);
  return isFlagged;
}
