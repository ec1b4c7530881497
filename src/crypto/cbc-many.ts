/**
 * AES-256-CBC with PKCS#7 padding for many short contents under one key:
 *
 *     sealing   C_j = E(P_j XOR C_(j-1))        opening   P_j = D(C_j) XOR C_(j-1)        C_(-1) = IV
 *
 * (NIST SP 800-38A, 6.2). One cipher provides E and D for all contents, and the chaining is done here, because a cipher for each
 * content would cost more than its few blocks. The result is the same as that of aes-cbc.ts. Single blocks never leave this file.
 * The IVs of all contents are in one piece of memory, one after another.
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

/** A short content: its padded plaintext, which becomes ciphertext block by block. */
interface ShortContent {
  /** Place of its IV. */
  readonly iv: number;
  readonly blocks: Buffer;
}

/** Seals each content under its own IV. */
export function sealMany(key: ContentKey, contents: readonly Uint8Array[], ivs: Uint8Array): Buffer[] {
  const short: ShortContent[] = [];
  const memory = Buffer.alloc(
    contents.reduce((sum, content) => sum + (isShort(content) ? paddedLength(content) : 0), 0),
  );
  let from = 0;
  const sealed = contents.map((content, index) => {
    const iv = index * BLOCK_LENGTH;
    if (!isShort(content)) return sealLong(key, content, ivs.subarray(iv, iv + BLOCK_LENGTH));
    const blocks = memory.subarray(from, (from += paddedLength(content)));
    blocks.set(content);
    blocks.fill(blocks.length - content.length, content.length);
    short.push({ iv, blocks });
    return blocks;
  });
  if (short.length > 0) sealShort(key, short, ivs);
  return sealed;
}

const isShort = ({ length }: Uint8Array): boolean => length < LONG;

const paddedLength = ({ length }: Uint8Array): number => length + BLOCK_LENGTH - (length % BLOCK_LENGTH);

const sealLong = (key: ContentKey, content: Uint8Array, iv: Uint8Array): Buffer =>
  runAll(cbcSealer({ key, iv, padding: 'pkcs7' }), content);

/** Seals in rounds: all first blocks, then all second blocks. */
function sealShort(key: ContentKey, contents: readonly ShortContent[], ivs: Uint8Array): void {
  const cipher = createCipheriv(ALGORITHM, key, null).setAutoPadding(false);
  const chained = Buffer.alloc(contents.length * BLOCK_LENGTH);
  let unfinished = contents;
  for (let at = 0; unfinished.length > 0; at += BLOCK_LENGTH) {
    let to = 0;
    for (const { iv, blocks } of unfinished) {
      const before = at === 0 ? ivs : blocks;
      const start = at === 0 ? iv : at - BLOCK_LENGTH;
      for (let i = 0; i < BLOCK_LENGTH; i++) chained[to++] = byteOf(blocks, at + i) ^ byteOf(before, start + i);
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
  open(contents: readonly Uint8Array[], ivs: Uint8Array): Buffer[] {
    const blocks = joined(contents);
    const opened = this.decipher.update(blocks);
    let from = 0;
    return contents.map((sealed, index) => {
      const to = from + sealed.length;
      const iv = index * BLOCK_LENGTH;
      for (let at = 0; at < BLOCK_LENGTH; at++) opened[from + at] = byteOf(opened, from + at) ^ byteOf(ivs, iv + at);
      for (let at = from + BLOCK_LENGTH; at < to; at++) {
        opened[at] = byteOf(opened, at) ^ byteOf(blocks, at - BLOCK_LENGTH);
      }
      const content = opened.subarray(from, to - paddingIn(opened, to));
      from = to;
      return content;
    });
  }
}

/** One after another. Throws {@link DecryptionError} for one that is not whole. */
function joined(contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const sealed of contents) {
    if (sealed.length === 0 || sealed.length % BLOCK_LENGTH !== 0) throw new DecryptionError();
    length += sealed.length;
  }
  const blocks = Buffer.allocUnsafe(length);
  let end = 0;
  for (const sealed of contents) {
    blocks.set(sealed, end);
    end += sealed.length;
  }
  return blocks;
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
