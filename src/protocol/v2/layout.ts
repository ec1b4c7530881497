/**
 * The arithmetic of content in protocol 2.x:
 *
 *     content  = region_0 || region_1 || ... || region_k
 *     region_i = nonce (12) || sealed data (DataLength; the last may be shorter) || tag (16)
 *
 * Empty content has no region or, for messages, one region of 28 bytes. A range needs every region that it touches, whole,
 * because the tag covers all of it. Nothing in the format proves that the last region is last. Source: docs/formats.md,
 * "Regions".
 */
import { NONCE_LENGTH, TAG_LENGTH } from '../../crypto/aes-gcm.js';
import { DecryptionError } from '../../errors/content.js';
import type { ByteRange, CipherWindow, ContentForm, ContentLayout } from '../protocol.js';
import { mayStandAlone, waysOf } from './nonce.js';

/** Bytes that a region has in addition to its data: nonce and tag. */
export const REGION_OVERHEAD = NONCE_LENGTH + TAG_LENGTH;

export function regionLayout(dataLength: number, form: ContentForm): ContentLayout {
  return {
    unitLength: dataLength,
    ciphertextLength: (plaintextLength) => ciphertextLength(dataLength, form, plaintextLength),
    plaintextBounds: (length) => {
      const plaintextLength = plaintextLengthOf(dataLength, length);
      return { least: plaintextLength, most: plaintextLength };
    },
    window: (range, length) => windowOf(dataLength, range, length),
    regions: {
      nonceLength: NONCE_LENGTH,
      count: (length) => Math.ceil(length / (dataLength + REGION_OVERHEAD)),
      offsetOf: (region) => region * (dataLength + REGION_OVERHEAD),
      waysOf,
      mayStandAlone,
    },
  };
}

function ciphertextLength(dataLength: number, form: ContentForm, plaintextLength: number): number {
  const regions = Math.ceil(plaintextLength / dataLength);
  return plaintextLength + REGION_OVERHEAD * (form === 'message' ? Math.max(1, regions) : regions);
}

function plaintextLengthOf(dataLength: number, length: number): number {
  if (!Number.isFinite(length)) return length;
  const regionLength = dataLength + REGION_OVERHEAD;
  const lastRegion = length % regionLength;
  const isImpossible = lastRegion > 0 && lastRegion <= REGION_OVERHEAD && length !== REGION_OVERHEAD;
  if (isImpossible) throw new DecryptionError();
  return length - REGION_OVERHEAD * Math.ceil(length / regionLength);
}

function windowOf(dataLength: number, range: ByteRange, length: number): CipherWindow {
  const plaintextLength = plaintextLengthOf(dataLength, length);
  if (length === REGION_OVERHEAD) {
    return { offset: 0, count: REGION_OVERHEAD, reachesEnd: true, skip: 0, take: 0 };
  }
  const end = Math.min(plaintextLength, range.offset + (range.count ?? Infinity));
  if (end <= range.offset) return { offset: 0, count: 0, reachesEnd: false, skip: 0, take: 0 };

  const regionLength = dataLength + REGION_OVERHEAD;
  const firstRegion = Math.floor(range.offset / dataLength);
  const offset = firstRegion * regionLength;
  const cipherEnd = Math.min(length, Math.ceil(end / dataLength) * regionLength);
  return {
    offset,
    count: cipherEnd - offset,
    reachesEnd: cipherEnd === length,
    skip: range.offset - firstRegion * dataLength,
    take: end - range.offset,
  };
}
