/** Regions that are decrypted in the buffer for their plaintext. */
import { randomInt } from 'node:crypto';
import { type ByteTransform, runAll } from '../../../src/crypto/byte-transform.js';
import { generateContentKey, importContentKey } from '../../../src/crypto/content-key.js';
import { protocolV21 } from '../../../src/protocol/v2/index.js';
import type { ByteRange, CipherWindow } from '../../../src/protocol/protocol.js';
import { fieldReader } from '../../../src/wire/json.js';
import { content } from '../../support/blobs.js';

const REGION = 16;
const SEALED_REGION = REGION + 28;
const LENGTH = 3 * REGION + 5;
const MIB = 1024 * 1024;
const key = importContentKey(generateContentKey());
const refusal = expect.objectContaining({ code: 'DECRYPTION_FAILED' }) as Error;

function sealed(length: number, regionLength = REGION) {
  const sealer = protocolV21.sealer(key, { form: 'stream', regionLength });
  const ciphertext = runAll(sealer.seal(), content(length));
  const opener = protocolV21.opener(key, fieldReader(sealer.fields), {
    ...{ form: 'stream', regionOrder: 'checked', counting: 'any' },
  });
  const windowOf = (range: ByteRange): CipherWindow => sealer.layout.window(range, ciphertext.length);
  const openInto = (range: ByteRange, memory: Buffer) => opener.openInto?.(windowOf(range), memory) as ByteTransform;
  return { ciphertext, windowOf, openInto };
}

/** The pieces of a range whose ciphertext arrives in chunks of random lengths. */
function opened(of: ReturnType<typeof sealed>, range: ByteRange, memory: Buffer): Buffer[] {
  const { offset, count } = of.windowOf(range);
  const transform = of.openInto(range, memory);
  const pieces: Buffer[] = [];
  for (let at = offset; at < offset + count;) {
    const next = Math.min(offset + count, at + randomInt(1, 2 * SEALED_REGION));
    // like a connection that reuses its memory
    const chunk = Buffer.from(of.ciphertext.subarray(at, next));
    pieces.push(...transform.push(chunk));
    chunk.fill(0);
    at = next;
  }
  return [...pieces, ...transform.finish()];
}

const isIn = (memory: Buffer, piece: Buffer): boolean => piece.buffer === memory.buffer;

describe('regions that are opened in the buffer for their plaintext', () => {
  it('return every range of the content, with complete regions in place', () => {
    const of = sealed(LENGTH);
    const plaintext = content(LENGTH);
    const wrong: unknown[] = [];
    for (let offset = 0; offset < LENGTH; offset += 1) {
      for (let count = 1; offset + count <= LENGTH; count += 1) {
        const memory = Buffer.alloc(count);
        const pieces = opened(of, { offset, count }, memory);
        const inPlace = pieces.filter((piece) => isIn(memory, piece));
        const whole = Math.max(0, Math.floor((offset + count) / REGION) - Math.ceil(offset / REGION));
        const endsInPlace = offset + count === LENGTH && offset <= 3 * REGION ? 1 : 0;
        const expected = plaintext.subarray(offset, offset + count);
        if (!Buffer.concat(pieces).equals(expected) || inPlace.length !== whole + endsInPlace)
          wrong.push({ offset, count, inPlace: inPlace.length });
      }
    }

    expect(wrong).toEqual([]);
  });

  it.each([
    ['its data', 12],
    ['its last byte of data', SEALED_REGION - 17],
    ['its tag', SEALED_REGION - 1],
  ])('leave no plaintext in the buffer if %s was changed', (_, at) => {
    const of = sealed(LENGTH);
    of.ciphertext[SEALED_REGION + at]! ^= 1;
    const memory = Buffer.alloc(LENGTH);
    const transform = of.openInto({ offset: 0 }, memory);

    expect(transform.push(of.ciphertext.subarray(0, SEALED_REGION))).toHaveLength(1);
    expect(() => transform.push(of.ciphertext.subarray(SEALED_REGION))).toThrow(refusal);
    expect(memory.subarray(REGION)).toEqual(Buffer.alloc(LENGTH - REGION));
  });

  it('stay ciphertext until they are complete', () => {
    const of = sealed(LENGTH);
    const memory = Buffer.alloc(LENGTH);

    expect(of.openInto({ offset: 0 }, memory).push(of.ciphertext.subarray(0, SEALED_REGION - 1))).toEqual([]);
    expect(memory.subarray(0, REGION)).toEqual(of.ciphertext.subarray(12, 12 + REGION));
  });

  it('do not use memory that other threads can see', () => {
    const of = sealed(LENGTH);
    const memory = Buffer.from(new SharedArrayBuffer(LENGTH));
    const pieces = opened(of, { offset: 0 }, memory);

    expect(Buffer.concat(pieces)).toEqual(content(LENGTH));
    expect(memory).toEqual(Buffer.alloc(LENGTH));
  });

  it.each([
    [4 * MIB, true],
    [4 * MIB + 16, false],
  ])('of %d bytes are opened in place: %s', (regionLength, isInPlace) => {
    const of = sealed(regionLength, regionLength);
    const memory = Buffer.alloc(regionLength);
    const pieces = of.openInto({ offset: 0 }, memory).push(of.ciphertext);

    expect(Buffer.concat(pieces).equals(content(regionLength))).toBe(true);
    expect(pieces.every((piece) => isIn(memory, piece))).toBe(isInPlace);
  });
});
