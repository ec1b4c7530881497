/**
 * Opens content whose header is valid. Regions verify themselves. Content in one chain (1.0) has one tag over all of its
 * ciphertext:
 *
 *     whole    MAC over the ciphertext, compared first; the padding is never checked, because the content is cut to `n`
 *     range    a part of a chain cannot be verified: only its length is, or it is rejected if integrity is required
 */
import { asBuffer, equalBytes } from '../../crypto/bytes.js';
import type { ByteTransform } from '../../crypto/byte-transform.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { exactLength } from '../../crypto/exact-length.js';
import { DecryptionError } from '../../errors/content.js';
import { UnsupportedOperationError } from '../../errors/input.js';
import type { ByteRange, CipherWindow, ContentLayout, ContentOpener, WholeTag } from '../../protocol/protocol.js';
import { ciphertextMac } from './integrity-keys.js';

interface TaggedContent {
  readonly key: ContentKey;
  readonly tag: Uint8Array;
  /** Bytes of ciphertext. */
  readonly ciphertextLength: number;
  /** Bytes of plaintext, if padding hides the length. */
  readonly plaintextLength: number | undefined;
  readonly unverified: WholeTag['unverified'];
}

export function verifiedOpener(opener: ContentOpener, whole: TaggedContent): ContentOpener {
  const layout = verifiedLayout(opener.layout, whole);
  const isWhole = (window: CipherWindow): boolean =>
    window.offset === 0 && window.count === whole.ciphertextLength && window.reachesEnd;
  return {
    layout,
    wholeTag: { unverified: whole.unverified, check: () => tagCheck(whole) },
    open: (window, release = 'verified') => {
      // without checking the padding if the length is known
      const decrypt = opener.open(whole.plaintextLength === undefined ? window : { ...window, reachesEnd: false });
      if (!isWhole(window) || release === 'checked') return decrypt;
      return release === 'verified' ? held(tagCheck(whole), decrypt) : alongside(tagCheck(whole), decrypt);
    },
  };
}

/** Takes all of the ciphertext and returns nothing; throws {@link DecryptionError} at the end unless it is what was tagged. */
function tagCheck({ key, tag, ciphertextLength }: TaggedContent): ByteTransform {
  const mac = ciphertextMac(key);
  const complete = exactLength(ciphertextLength);
  return {
    push: (chunk) => {
      complete.push(chunk);
      mac.update(chunk);
      return [];
    },
    finish: () => {
      complete.finish();
      if (!equalBytes(mac.digest(), tag)) throw new DecryptionError();
      return [];
    },
  };
}

/** Keeps the ciphertext until it is verified. */
function held(check: ByteTransform, decrypt: ByteTransform): ByteTransform {
  const chunks: Buffer[] = [];
  return {
    push: (chunk) => {
      check.push(chunk);
      chunks.push(Buffer.from(asBuffer(chunk)));
      return [];
    },
    finish: () => {
      check.finish();
      return [...chunks.splice(0).flatMap((chunk) => [...decrypt.push(chunk)]), ...decrypt.finish()];
    },
  };
}

/**
 * Releases plaintext as it arrives, but the last pieces only after everything was verified. So a reader that counts bytes never
 * has the whole content before a failure.
 */
function alongside(check: ByteTransform, decrypt: ByteTransform): ByteTransform {
  let last: readonly Buffer[] = [];
  return {
    push: (chunk) => {
      check.push(chunk);
      const pieces = decrypt.push(chunk);
      if (pieces.every(({ length }) => length === 0)) return [];
      const given = last;
      last = pieces;
      return [...given];
    },
    finish: () => {
      check.finish();
      return [...last, ...decrypt.finish()];
    },
  };
}

function verifiedLayout(layout: ContentLayout, whole: TaggedContent): ContentLayout {
  const { plaintextLength } = whole;
  const lengthOf = (length: number): number => plaintextLength ?? layout.plaintextBounds(length).most;
  return {
    unitLength: layout.unitLength,
    regions: layout.regions,
    ciphertextLength: (length) => layout.ciphertextLength(length),
    plaintextBounds: (length) =>
      plaintextLength === undefined
        ? layout.plaintextBounds(length)
        : { least: plaintextLength, most: plaintextLength },
    window: (range, length) => windowOf(layout, range, { whole, length, end: lengthOf(length) }),
  };
}

function windowOf(
  layout: ContentLayout,
  { offset, count = Infinity }: ByteRange,
  { whole, length, end }: { readonly whole: TaggedContent; readonly length: number; readonly end: number },
): CipherWindow {
  if (offset === 0 && count >= end) return { offset: 0, count: length, reachesEnd: true, skip: 0, take: end };
  const take = Math.max(0, Math.min(end, offset + count) - offset);
  if (whole.unverified === 'refused' && take > 0) {
    throw new UnsupportedOperationError(
      'A range of this content cannot be verified, and "integrity" is "require": read it whole, or write it in protocol "2.0"',
    );
  }
  return layout.window({ offset, count: take }, length);
}
