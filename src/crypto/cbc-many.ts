/**
 * AES-256-CBC with PKCS#7 padding for many short contents under one key:
 *
 *     sealing   C_j = E(P_j XOR C_(j-1))        opening   P_j = D(C_j) XOR C_(j-1)        C_(-1) = IV
 *
 * (NIST SP 800-38A, 6.2). One cipher provides E and D for all contents, and this file does the chaining, because a cipher for
 * each content would cost more than its few blocks. The result is the same as that of aes-cbc.ts. Single blocks never leave this
 * file. The IVs of all contents are in one piece of memory, one after another.
 */
import { createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';
import { BLOCK_LENGTH, cbcSealer } from './aes-cbc.js';
import { runAll } from './byte-transform.js';
import type { ContentKey } from './content-key.js';
import { DecryptionError } from '../errors/content.js';

/** The raw block cipher. */
const ALGORITHM = 'aes-256-ecb';
const WORD_LENGTH = 4;
const BLOCK_WORDS = BLOCK_LENGTH / WORD_LENGTH;
/** From this number of bytes, a separate cipher pays off: blocks of one content are sealed one after another. */
const LONG = 256;

/** Seals each content under its own IV. */
export function sealMany(key: ContentKey, contents: readonly Uint8Array[], ivs: Buffer): Buffer[] {
  const short = new ShortContents(contents.filter(isShort));
  const sealed = contents.map((content, index) => {
    const iv = ivs.subarray(index * BLOCK_LENGTH, (index + 1) * BLOCK_LENGTH);
    return isShort(content) ? short.add(iv, content) : runAll(cbcSealer({ key, iv, padding: 'pkcs7' }), content);
  });
  if (contents.some(isShort)) short.seal(key);
  return sealed;
}

const isShort = ({ length }: Uint8Array): boolean => length < LONG;

const paddingOf = ({ length }: Uint8Array): number => BLOCK_LENGTH - (length % BLOCK_LENGTH);

/**
 * Short contents in one piece of memory. Each is an IV and padded plaintext, which becomes ciphertext block by block. Blocks are chained in
 * words of four bytes.
 */
class ShortContents {
  private readonly words: Uint32Array;
  private readonly memory: Buffer;
  /** Where the IV of each begins and its last block ends, in words. */
  private readonly places: { readonly start: number; readonly end: number }[] = [];
  private filled = 0;

  constructor(contents: readonly Uint8Array[]) {
    let length = 0;
    for (const content of contents) length += BLOCK_LENGTH + content.length + paddingOf(content);
    this.words = new Uint32Array(length / WORD_LENGTH);
    this.memory = Buffer.from(this.words.buffer);
  }

  /** The blocks of the content, which are ciphertext once {@link seal} was called. */
  add(iv: Uint8Array, content: Uint8Array): Buffer {
    const { memory, filled: start } = this;
    const blocks = start + BLOCK_LENGTH;
    const padding = paddingOf(content);
    const end = blocks + content.length + padding;
    memory.set(iv, start);
    memory.set(content, blocks);
    for (let at = end - padding; at < end; at++) memory[at] = padding;
    this.places.push({ start: start / WORD_LENGTH, end: end / WORD_LENGTH });
    this.filled = end;
    return memory.subarray(blocks, end);
  }

  /** Seals in rounds: all first blocks, then all second blocks. */
  seal(key: ContentKey): void {
    const { words } = this;
    const cipher = createCipheriv(ALGORITHM, key, null).setAutoPadding(false);
    const round = new Uint32Array(this.places.length * BLOCK_WORDS);
    const bytes = new Uint8Array(round.buffer);
    let places: ShortContents['places'] = this.places;
    for (let block = BLOCK_WORDS; places.length > 0; block += BLOCK_WORDS) {
      let to = 0;
      for (const { start } of places) {
        for (let at = start + block; at < start + block + BLOCK_WORDS; at++)
          round[to++] = (words[at] as number) ^ (words[at - BLOCK_WORDS] as number);
      }
      // no plaintext is left in it afterwards
      bytes.set(cipher.update(bytes.subarray(0, to * WORD_LENGTH)));
      let from = 0;
      for (const { start } of places) {
        for (let i = 0; i < BLOCK_WORDS; i++) words[start + block + i] = round[from++] as number;
      }
      places = places.filter(({ start, end }) => start + block + BLOCK_WORDS < end);
    }
  }
}

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

/** Length of the padding that ends there. Always checks all of it, even after a wrong byte. */
function paddingIn(opened: Buffer, end: number): number {
  const padding = byteOf(opened, end - 1);
  if (padding === 0 || padding > BLOCK_LENGTH) throw new DecryptionError();
  let differences = 0;
  for (let at = end - padding; at < end; at++) differences |= byteOf(opened, at) ^ padding;
  if (differences !== 0) throw new DecryptionError();
  return padding;
}
