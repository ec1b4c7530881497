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

/** Seals each content under its own IV. The short ones are sealed in rounds: all first blocks, then all second blocks. */
export function sealMany(key: ContentKey, contents: readonly CbcContent[]): Buffer[] {
  const sealed = contents.map(({ iv, plaintext }) =>
    plaintext.length < LONG ? padded(plaintext) : runAll(cbcSealer({ key, iv, padding: 'pkcs7' }), plaintext),
  );
  const cipher = createCipheriv(ALGORITHM, key, null).setAutoPadding(false);
  const short = contents.flatMap(({ iv, plaintext }, index) =>
    plaintext.length < LONG ? [{ iv, blocks: sealed[index] as Buffer }] : [],
  );
  for (let at = 0; ; at += BLOCK_LENGTH) {
    const unfinished = short.filter(({ blocks }) => blocks.length > at);
    if (unfinished.length === 0) return sealed;
    for (const { iv, blocks } of unfinished) chainBlock(blocks, at, iv);
    const round = cipher.update(Buffer.concat(unfinished.map(({ blocks }) => blocks.subarray(at, at + BLOCK_LENGTH))));
    unfinished.forEach(({ blocks }, index) => round.copy(blocks, at, index * BLOCK_LENGTH, (index + 1) * BLOCK_LENGTH));
  }
}

/** Opens contents one by one. */
export class ManyOpener {
  private readonly decipher: Decipher;

  constructor(key: ContentKey) {
    this.decipher = createDecipheriv(ALGORITHM, key, null).setAutoPadding(false);
  }

  /** Throws {@link DecryptionError}, without a reason, for anything that was not sealed under this key and IV. */
  open(iv: Uint8Array, sealed: Uint8Array): Buffer {
    if (sealed.length === 0 || sealed.length % BLOCK_LENGTH !== 0) throw new DecryptionError();
    const opened = this.decipher.update(sealed);
    for (let at = 0; at < BLOCK_LENGTH; at++) opened[at] = byteOf(opened, at) ^ byteOf(iv, at);
    for (let at = BLOCK_LENGTH; at < opened.length; at++) {
      opened[at] = byteOf(opened, at) ^ byteOf(sealed, at - BLOCK_LENGTH);
    }
    return unpadded(opened);
  }
}

const byteOf = (bytes: Uint8Array, at: number): number => bytes[at] as number;

/** XORs a block with the sealed block before it, or with the IV. */
function chainBlock(blocks: Buffer, at: number, iv: Uint8Array): void {
  const [before, from] = at === 0 ? [iv, 0] : [blocks, at - BLOCK_LENGTH];
  for (let i = 0; i < BLOCK_LENGTH; i++) blocks[at + i] = byteOf(blocks, at + i) ^ byteOf(before, from + i);
}

function padded(plaintext: Uint8Array): Buffer {
  const padding = BLOCK_LENGTH - (plaintext.length % BLOCK_LENGTH);
  const blocks = Buffer.alloc(plaintext.length + padding, padding);
  blocks.set(plaintext);
  return blocks;
}

/** Always checks all of the padding, whatever it finds. */
function unpadded(opened: Buffer): Buffer {
  const padding = byteOf(opened, opened.length - 1);
  if (padding === 0 || padding > BLOCK_LENGTH) throw new DecryptionError();
  const differences = opened.subarray(-padding).reduce((found, byte) => found | (byte ^ padding), 0);
  if (differences !== 0) throw new DecryptionError();
  return opened.subarray(0, -padding);
}
