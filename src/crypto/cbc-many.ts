/**
 * AES-256-CBC with PKCS#7 padding for many short contents under one key:
 *
 *     sealing   C_j = E(P_j XOR C_(j-1))        opening   P_j = D(C_j) XOR C_(j-1)        C_(-1) = IV
 *
 * (NIST SP 800-38A, 6.2). One cipher provides E and D for all contents, and the chaining is done here, because a cipher for each
 * content would cost more than its few blocks. The result is the same as that of aes-cbc.ts. Single blocks never leave this file.
 */
import { createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';
import { BLOCK_LENGTH, cbcSealer } from './aes-cbc.js';
import { runAll } from './byte-transform.js';
import type { ContentKey } from './content-key.js';
import { DecryptionError } from '../errors/content.js';

/** The raw block cipher. */
const ALGORITHM = 'aes-256-ecb';
/** From this number of bytes, a separate cipher pays off: blocks of one content are sealed one after another. */
const LONG = 256;

export interface CbcContent {
  readonly iv: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** A content that {@link sealMany} sealed, and the IV that it was sealed under. */
export interface SealedCbcContent {
  readonly iv: Uint8Array;
  readonly sealed: Uint8Array;
}

/** A short content: its padded plaintext, which becomes ciphertext block by block. */
interface ShortContent {
  readonly iv: Uint8Array;
  readonly blocks: Buffer;
}

/** Seals each content under its own IV. */
export function sealMany(key: ContentKey, contents: readonly CbcContent[]): Buffer[] {
  const isShort = ({ plaintext }: CbcContent): boolean => plaintext.length < LONG;
  const short = padded(contents.filter(isShort));
  if (short.length > 0) sealShort(key, short);
  let next = 0;
  return contents.map((content) =>
    isShort(content)
      ? (short[next++] as ShortContent).blocks
      : runAll(cbcSealer({ key, iv: content.iv, padding: 'pkcs7' }), content.plaintext),
  );
}

const paddingOf = ({ length }: Uint8Array): number => BLOCK_LENGTH - (length % BLOCK_LENGTH);

/** In one piece of memory, which costs less than a piece for each. */
function padded(contents: readonly CbcContent[]): ShortContent[] {
  const all = Buffer.alloc(contents.reduce((sum, { plaintext }) => sum + plaintext.length + paddingOf(plaintext), 0));
  let at = 0;
  return contents.map(({ iv, plaintext }) => {
    const from = at;
    const padding = paddingOf(plaintext);
    all.set(plaintext, at);
    at += plaintext.length;
    for (let left = padding; left > 0; left--) all[at++] = padding;
    return { iv, blocks: all.subarray(from, at) };
  });
}

/** Seals in rounds: all first blocks, then all second blocks. */
function sealShort(key: ContentKey, contents: readonly ShortContent[]): void {
  const cipher = createCipheriv(ALGORITHM, key, null).setAutoPadding(false);
  const chained = Buffer.alloc(contents.length * BLOCK_LENGTH);
  let unfinished = contents;
  for (let at = 0; unfinished.length > 0; at += BLOCK_LENGTH) {
    let to = 0;
    for (const { iv, blocks } of unfinished) {
      for (let i = 0; i < BLOCK_LENGTH; i++) {
        const before = at === 0 ? byteOf(iv, i) : byteOf(blocks, at + i - BLOCK_LENGTH);
        chained[to++] = byteOf(blocks, at + i) ^ before;
      }
    }
    const round = cipher.update(chained.subarray(0, to));
    let from = 0;
    for (const { blocks } of unfinished) {
      for (let i = 0; i < BLOCK_LENGTH; i++) blocks[at + i] = byteOf(round, from++);
    }
    unfinished = unfinished.filter(({ blocks }) => blocks.length > at + BLOCK_LENGTH);
  }
  chained.fill(0);
}

/** Opens contents. */
export class ManyOpener {
  private readonly decipher: Decipher;

  constructor(key: ContentKey) {
    this.decipher = createDecipheriv(ALGORITHM, key, null).setAutoPadding(false);
  }

  /**
   * All contents in one step of the cipher. Throws {@link DecryptionError}, without a reason, if any of them was not sealed under
   * this key and its IV.
   */
  open(contents: readonly SealedCbcContent[]): Buffer[] {
    let length = 0;
    for (const { sealed } of contents) {
      if (sealed.length === 0 || sealed.length % BLOCK_LENGTH !== 0) throw new DecryptionError();
      length += sealed.length;
    }
    const blocks = Buffer.allocUnsafe(length);
    let end = 0;
    for (const { sealed } of contents) {
      blocks.set(sealed, end);
      end += sealed.length;
    }
    const opened = this.decipher.update(blocks);
    let from = 0;
    return contents.map(({ iv, sealed }) => {
      const to = from + sealed.length;
      for (let at = 0; at < BLOCK_LENGTH; at++) opened[from + at] = byteOf(opened, from + at) ^ byteOf(iv, at);
      for (let at = from + BLOCK_LENGTH; at < to; at++) {
        opened[at] = byteOf(opened, at) ^ byteOf(blocks, at - BLOCK_LENGTH);
      }
      const content = opened.subarray(from, to - paddingIn(opened, to));
      from = to;
      return content;
    });
  }
}

const byteOf = (bytes: Uint8Array, at: number): number => bytes[at] as number;

/** Length of the padding that ends there. Always checks all of it, whatever it finds. */
function paddingIn(opened: Buffer, end: number): number {
  const padding = byteOf(opened, end - 1);
  if (padding === 0 || padding > BLOCK_LENGTH) throw new DecryptionError();
  let differences = 0;
  for (let at = end - padding; at < end; at++) differences |= byteOf(opened, at) ^ padding;
  if (differences !== 0) throw new DecryptionError();
  return padding;
}
