/**
 * The calls to `node:crypto` that every object of the format requires around its content: a content key with its flag,
 * the wrap of that key under one AES key, and MACs under derived keys. The floors of the bench are built from these.
 */
import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomFillSync } from 'node:crypto';

export const KEY_LENGTH = 32;
export const TAG_LENGTH = 16;
export const GCM = { authTagLength: TAG_LENGTH } as const;

/** Random bytes of a content key. The rest is its flag. */
const RANDOM_LENGTH = 24;
const WRAP = 'id-aes256-wrap';
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);

const labelOf = (purpose: string): Buffer => Buffer.from(`azcse/${purpose}/v1\x01`, 'latin1');
export const LABELS = {
  flag: labelOf('flag'),
  header: labelOf('header'),
  content: labelOf('content'),
  property: labelOf('property'),
} as const;

export const mac = (key: KeyObject | Uint8Array, input: Uint8Array): Buffer =>
  createHmac('sha256', key).update(input).digest();

/** A MAC under its own derived key. */
export function derivedMac(contentKey: KeyObject, label: Uint8Array, input: Uint8Array): Buffer {
  const key = mac(contentKey, label);
  const found = mac(key, input);
  key.fill(0);
  return found;
}

export function wrapped(kek: KeyObject, packed: Uint8Array): Buffer {
  const cipher = createCipheriv(WRAP, kek, INITIAL_VALUE);
  const bytes = cipher.update(packed);
  cipher.final();
  return bytes;
}

export function unwrapped(kek: KeyObject, encryptedKey: Uint8Array): Buffer {
  const decipher = createDecipheriv(WRAP, kek, INITIAL_VALUE);
  const packed = decipher.update(encryptedKey);
  decipher.final();
  return packed;
}

/** Fresh bytes of a content key. */
export function flaggedKey(): Buffer {
  const bytes = Buffer.alloc(KEY_LENGTH);
  const start = randomPiece(RANDOM_LENGTH);
  bytes.set(start);
  bytes.set(mac(start, LABELS.flag).subarray(0, KEY_LENGTH - RANDOM_LENGTH), RANDOM_LENGTH);
  return bytes;
}

/** Random bytes for twenty objects at once. */
const random = Buffer.alloc(1024);
let used = random.length;

export function randomPiece(length: number): Buffer {
  if (used + length > random.length) {
    randomFillSync(random);
    used = 0;
  }
  const piece = Buffer.alloc(length);
  random.copy(piece, 0, used, used + length);
  random.fill(0, used, used + length);
  used += length;
  return piece;
}

/** Writes one part of the input for a MAC after its length. Returns the position after it. */
export function prefixed(into: Buffer, part: Uint8Array | string, at: number): number {
  const from = at + 4;
  if (typeof part === 'string') into.writeUInt32BE(into.write(part, from), at);
  else {
    into.writeUInt32BE(part.length, at);
    into.set(part, from);
  }
  return from + into.readUInt32BE(at);
}
