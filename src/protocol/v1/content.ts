/**
 * Content of protocol 1.0: one CBC stream.
 *
 *     stream, message:  AES-256-CBC(CEK, IV, plaintext || PKCS#7 padding)    n + 16 - (n mod 16) bytes
 *     pages:            AES-256-CBC(CEK, IV, plaintext)                      n bytes, a multiple of 16
 *
 * Nothing authenticates it: changed ciphertext opens to changed plaintext (SECURITY.md, "Protocol 1.0"). To read a range, the
 * block before it serves as the IV. Source: docs/formats.md, "Protocol 1.0".
 */
import { BLOCK_LENGTH, cbcOpener, type CbcPadding, type CbcParameters } from '../../crypto/aes-cbc.js';
import { type ByteTransform, chain } from '../../crypto/byte-transform.js';
import { exactLength } from '../../crypto/exact-length.js';
import { trim } from '../../crypto/trim.js';
import { DecryptionError } from '../../errors/content.js';
import type { ByteRange, CipherWindow, ContentForm, ContentLayout, LengthBounds } from '../protocol.js';

const roundUp = (length: number): number => Math.ceil(length / BLOCK_LENGTH) * BLOCK_LENGTH;

export const paddingOf = (form: ContentForm): CbcPadding => (form === 'pages' ? 'none' : 'pkcs7');

export const cbcLayout = (padding: CbcPadding): ContentLayout => LAYOUTS[padding];

function layoutOf(padding: CbcPadding): ContentLayout {
  return {
    unitLength: BLOCK_LENGTH,
    ciphertextLength: (plaintextLength) => (padding === 'none' ? plaintextLength : roundUp(plaintextLength + 1)),
    plaintextBounds: (ciphertextLength) => boundsOf(padding, ciphertextLength),
    window: (range, ciphertextLength) => windowOf(range, ciphertextLength, boundsOf(padding, ciphertextLength)),
  };
}

const LAYOUTS: Readonly<Record<CbcPadding, ContentLayout>> = { pkcs7: layoutOf('pkcs7'), none: layoutOf('none') };

function boundsOf(padding: CbcPadding, length: number): LengthBounds {
  if (Number.isFinite(length) && length % BLOCK_LENGTH !== 0) throw new DecryptionError();
  if (padding === 'none') return { least: length, most: length };
  if (length < BLOCK_LENGTH) throw new DecryptionError();
  return { least: length - BLOCK_LENGTH, most: length - 1 };
}

function windowOf(range: ByteRange, ciphertextLength: number, bounds: LengthBounds): CipherWindow {
  const take = range.count ?? Infinity;
  if (take === 0 || range.offset > bounds.most || (range.offset === bounds.most && bounds.least === bounds.most)) {
    return { offset: 0, count: 0, reachesEnd: false, skip: 0, take: 0 };
  }
  // the stored IV corrupts only the block before the range, which skip drops
  const firstBlock = Math.floor(range.offset / BLOCK_LENGTH);
  const offset = Math.max(0, firstBlock - 1) * BLOCK_LENGTH;
  const end = Math.min(ciphertextLength, roundUp(range.offset + take));
  return {
    offset,
    count: end - offset,
    reachesEnd: end === ciphertextLength,
    skip: range.offset - offset,
    take,
  };
}

/** Transforms the ciphertext of the window to the requested plaintext. */
export function openWindow({ key, iv, padding }: CbcParameters, window: CipherWindow): ByteTransform {
  if (window.count === 0) return exactLength(0);
  const opener = cbcOpener({ key, iv, padding: window.reachesEnd ? padding : 'none' });
  const isTrimmed = window.skip > 0 || window.take !== Infinity;
  return chain(exactLength(window.count), isTrimmed ? chain(opener, trim(window.skip, window.take)) : opener);
}
