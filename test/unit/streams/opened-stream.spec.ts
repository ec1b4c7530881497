import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { exactLength } from '../../../src/crypto/exact-length.js';
import type { ByteTransform } from '../../../src/crypto/byte-transform.js';
import { keepError, openBody, OpenedStream } from '../../../src/streams/opened-stream.js';

const KIB = 1024;

/** Holds everything back, and releases it after every `length` bytes, like a region. */
function inRegions(length: number): ByteTransform {
  let held: Buffer[] = [];
  let count = 0;
  return {
    push: (chunk) => {
      held.push(Buffer.from(chunk));
      count += chunk.length;
      if (count < length) return [];
      count -= length;
      return held.splice(0);
    },
    finish: () => {
      const rest = held;
      held = [];
      return rest;
    },
  };
}

const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => index % 251));
const bodyOf = (content: Buffer, chunkLength: number): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(content.length / chunkLength) }, (_, index) =>
      content.subarray(index * chunkLength, (index + 1) * chunkLength),
    ),
    { objectMode: false },
  );

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

describe('an opened stream', () => {
  const content = bytes(1000 * KIB);

  it.each([
    [100, 64 * KIB],
    [200_000, 64 * KIB],
    [64 * KIB, 256 * KIB],
    [1000 * KIB, 1000 * KIB],
  ])(
    'yields all content of chunks of %d bytes in regions of %d, however it is read',
    async (chunkLength, regionLength) => {
      const make = (): OpenedStream =>
        new OpenedStream({ body: bodyOf(content, chunkLength), transform: inRegions(regionLength) });

      const iterated: Buffer[] = [];
      for await (const piece of make() as AsyncIterable<Buffer>) iterated.push(piece);
      const piped: Buffer[] = [];
      await pipeline(
        make(),
        new Writable({
          highWaterMark: 1,
          write(piece: Buffer, _encoding, done) {
            piped.push(piece);
            setImmediate(done);
          },
        }),
      );
      const flowing: Buffer[] = [];
      const stream = make().on('data', (piece: Buffer) => flowing.push(piece));
      await once(stream, 'end');

      for (const pieces of [iterated, piped, flowing]) expect(Buffer.concat(pieces).equals(content)).toBe(true);
    },
  );

  it('does not yield more at once than its reader requested, however much a region holds', async () => {
    const progress: number[] = [];
    const stream = new OpenedStream(
      { body: bodyOf(content, 64 * KIB), transform: inRegions(content.length) },
      (released) => progress.push(released),
    );
    stream.read(0);
    await turns();

    expect(stream.readableLength).toBe(64 * KIB);
    expect(progress).toEqual([64 * KIB]);

    let longest = 0;
    for await (const piece of stream as AsyncIterable<Buffer>) longest = Math.max(longest, piece.length);

    expect(longest).toBe(64 * KIB);
    expect(progress.at(-1)).toBe(content.length);
  });

  it('reads nothing before it is read', async () => {
    const body = bodyOf(content, 64 * KIB);
    const stream = new OpenedStream({ body, transform: exactLength(content.length) });
    await turns();

    expect(body.readableFlowing).toBeNull();

    stream.destroy();
  });

  it.each([64 * KIB, 200_000])(
    'ends its body and its own work if it is destroyed amid chunks of %d',
    async (chunkLength) => {
      const body = bodyOf(content, chunkLength);
      const progress: number[] = [];
      let finished = 0;
      const transform = { ...exactLength(content.length), finish: () => (finished++, []) };
      const stream = new OpenedStream({ body, transform }, (released) => progress.push(released));
      stream.read(0);
      await turns();
      const before = progress.length;
      stream.destroy();
      await turns();

      expect(body.destroyed).toBe(true);
      expect(progress.length).toBe(before);
      expect(finished).toBe(0);
      await expect((stream as unknown as { opening: Promise<void> }).opening).resolves.toBeUndefined();
    },
  );

  it('ends its own work if the progress listener destroys it', async () => {
    const body = bodyOf(content, 64 * KIB);
    const stream: OpenedStream = new OpenedStream({ body, transform: exactLength(content.length) }, () =>
      stream.destroy(),
    );
    stream.read(0);
    await once(stream, 'close');

    expect(body.destroyed).toBe(true);
    await expect((stream as unknown as { opening: Promise<void> }).opening).resolves.toBeUndefined();
  });

  it('fails with the error of its body, even if that failed before anybody read', async () => {
    const body = new PassThrough();
    keepError(body);
    const stream = new OpenedStream({ body, transform: exactLength(10) });
    body.destroy(new Error('cut'));
    await turns();

    await expect(once(stream.resume(), 'end')).rejects.toThrow('cut');
  });

  it('fails with the error of its transform, and ends the body', async () => {
    const body = bodyOf(content, 64 * KIB);
    const stream = new OpenedStream({ body, transform: exactLength(100 * KIB) });

    await expect(once(stream.resume(), 'end')).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
    expect(body.destroyed).toBe(true);
  });

  it('fails with the error of the progress listener', async () => {
    const stream = new OpenedStream({ body: bodyOf(content, KIB), transform: exactLength(content.length) }, () => {
      throw new Error('mine');
    });

    await expect(once(stream.resume(), 'end')).rejects.toThrow('mine');
  });
});

describe('opening a body', () => {
  it('waits for the consumer of a piece, by any kind of promise', async () => {
    const taken: number[] = [];
    let isTaking = false;
    await openBody({
      body: bodyOf(bytes(10), 1),
      transform: exactLength(10),
      take: (piece) => {
        expect(isTaking).toBe(false);
        isTaking = true;
        const done = (resolve?: (() => void) | null): void => {
          taken.push(...piece);
          isTaking = false;
          resolve?.();
        };
        // not an instance of the Promise class of this realm
        return { then: (resolve: () => void) => setImmediate(done, resolve) } as unknown as Promise<void>;
      },
    });

    expect(taken).toEqual([...bytes(10)]);
  });
});
