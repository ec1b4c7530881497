/** What a reader receives of content that is fetched twice, if the second response differs from the first. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { twiceReadBody } from '../../../src/blob/twice-read-body.js';
import type { ByteTransform } from '../../../src/crypto/byte-transform.js';
import type { Body } from '../../../src/streams/opened-stream.js';
import { content } from '../../support/blobs.js';

const MIB = 1024 * 1024;
const PIECE = 4 * MIB;
const FAILED = 'DECRYPTION_FAILED';

/** Chunks of a length that does not divide a piece. */
function bodyOf(bytes: Buffer, chunkLength = 300_001): Body {
  return {
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += chunkLength) {
        await nextTurn();
        yield bytes.subarray(at, at + chunkLength);
      }
    },
    destroy: () => undefined,
  };
}

/** Replaces the tag check, and records what was checked. */
function checkInto(checked: Buffer[]): ByteTransform {
  return {
    push: (chunk) => {
      checked.push(Buffer.from(chunk));
      return [];
    },
    finish: () => [],
  };
}

async function readTwice(first: Buffer, second: Buffer) {
  const checked: Buffer[] = [];
  const released: Buffer[] = [];
  const body = twiceReadBody(bodyOf(first), checkInto(checked), async () => bodyOf(second, 65_536));
  let code = 'none';
  try {
    for await (const chunk of body) released.push(Buffer.from(chunk));
  } catch (error) {
    code = (error as { code: string }).code;
  }
  return { code, checked: Buffer.concat(checked), released: Buffer.concat(released) };
}

it.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5])(
  'checks all of %d bytes, and then releases them unchanged',
  async (length) => {
    const bytes = content(length);

    const { code, checked, released } = await readTwice(bytes, bytes);

    expect(code).toBe('none');
    expect([checked.equals(bytes), released.equals(bytes)]).toEqual([true, true]);
  },
);

it.each([
  ['in the first piece', 17, 0],
  ['at the end of the first piece', PIECE - 1, 0],
  ['at the start of the second piece', PIECE, PIECE],
  ['in the last byte', 2 * PIECE + 4, 2 * PIECE],
])('if the second response differs %s, only the pieces before that are released', async (_where, at, most) => {
  const first = content(2 * PIECE + 5);
  const second = Buffer.from(first);
  second.writeUInt8(second.readUInt8(at) ^ 1, at);

  const { code, checked, released } = await readTwice(first, second);

  expect([code, released.length]).toEqual([FAILED, most]);
  expect([checked.equals(first), released.equals(first.subarray(0, most))]).toEqual([true, true]);
});

it.each([
  ['truncated within a piece', (bytes: Buffer) => bytes.subarray(0, -1), PIECE],
  ['truncated after a piece', (bytes: Buffer) => bytes.subarray(0, PIECE), PIECE],
  ['empty', () => Buffer.alloc(0), 0],
  ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)]), PIECE],
  ['longer by a piece', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(PIECE)]), PIECE],
])('a second response that is %s fails, and nothing unchecked is released', async (_what, change, most) => {
  const first = content(PIECE + 1000);

  const { code, released } = await readTwice(first, change(first));

  expect([code, released.length]).toEqual([FAILED, most]);
});
