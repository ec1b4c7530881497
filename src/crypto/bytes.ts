/** Small operations on bytes that more than one layer needs. */
import { createHash, type Hash, hash, randomInt, randomUUID, timingSafeEqual } from 'node:crypto';
import { RandomPool } from './random-pool.js';

const pool = new RandomPool();

/** New random bytes for a key or an IV, in separate memory. */
export const randomBytes = (length: number): Buffer => pool.take(length);

/** A unique name of 36 characters. */
export const uniqueId = (): string => randomUUID();

/** A random sequence number of 48 bits. It is never 0, which is the default of blobs. */
export const newSequenceNumber = (): number => randomInt(1, 2 ** 48 - 1);

/** Only for bytes that are not secret: one call, through a string, costs a third of a hash object. */
export const sha256 = (bytes: Uint8Array | string): Buffer => Buffer.from(hash('sha256', bytes, 'binary'), 'binary');

/** Detects accidents, not attacks. */
export const md5 = (bytes: Uint8Array): Buffer => Buffer.from(hash('md5', bytes, 'binary'), 'binary');

/** A part of a buffer to write to. */
export interface Place {
  readonly into: Buffer;
  readonly at: number;
  readonly length: number;
}

/** Writes the same, cut to the length of the place. Returns where the place ends. */
export const writeSha256 = (input: Uint8Array, { into, at, length }: Place): number =>
  at + into.write(hash('sha256', input, 'binary'), at, length, 'binary');

/** SHA-256 of content that comes in pieces. */
export const startSha256 = (): Hash => createHash('sha256');

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** A view of the same bytes as a Buffer, without a copy. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
