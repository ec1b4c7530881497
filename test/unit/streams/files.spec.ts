import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FileSink } from '../../../src/streams/file-sink.js';
import { fileSource } from '../../../src/streams/file-source.js';

/** Bytes that are written or read at once. */
const STEP = 1024 * 1024;
const LENGTHS = [0, 1, STEP - 1, STEP, STEP + 1, 2 * STEP, 3 * STEP + 7];

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
  path = join(folder, 'file');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  jest.restoreAllMocks();
});

/** Watches the reads of all files. From the given one onwards, they fail. */
async function watchReads(failFrom = Infinity) {
  const probe = await open(path, 'a');
  await probe.close();
  // Node.js does not export the class
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  const { read } = handles;
  const files: FileHandle[] = [];
  const readings: Promise<unknown>[] = [];
  jest.spyOn(handles, 'read').mockImplementation(function (this: FileHandle, ...given: unknown[]) {
    files.push(this);
    if (files.length >= failFrom) return Promise.reject(new Error('the disk failed'));
    const reading = Reflect.apply(read, this, given) as ReturnType<typeof read>;
    readings.push(reading);
    return reading;
  });
  return { file: () => files[0], readings };
}

/** The descriptor of a closed file. */
const CLOSED = -1;

describe('a file sink', () => {
  it.each(LENGTHS.flatMap((length) => [1, 1000, 65_536, STEP, 2 * STEP + 1].map((piece) => [length, piece] as const)))(
    'writes %d bytes that come %d at once',
    async (length, pieceLength) => {
      // single bytes are slow, and behave like the last few of a step
      const step = pieceLength === 1 ? Math.max(1, length - 3) : pieceLength;
      const content = randomBytes(length);
      const file = await open(path, 'w');
      const sink = new FileSink(file, length);
      for (let at = 0; at < length;) {
        const piece = Buffer.from(content.subarray(at, at + (at === 0 ? step : pieceLength)));
        await sink.write(piece);
        at += piece.length;
        piece.fill(0);
      }
      await sink.end();
      await file.close();

      expect((await readFile(path)).equals(content)).toBe(true);
    },
  );

  it('writes more and less than was expected', async () => {
    const content = randomBytes(5000);
    for (const expected of [0, 1, 4999, 5001, undefined]) {
      const file = await open(path, 'w');
      const sink = new FileSink(file, expected);
      await sink.write(content.subarray(0, 3000));
      await sink.write(content.subarray(3000));
      await sink.end();
      await file.close();

      expect((await readFile(path)).equals(content)).toBe(true);
    }
  });

  it('reports a failed write', async () => {
    await writeFile(path, '');
    const file = await open(path, 'r');
    const sink = new FileSink(file);
    await sink.write(Buffer.alloc(STEP + 1));

    await expect(sink.write(Buffer.alloc(STEP))).rejects.toMatchObject({ code: 'EBADF' });
    await file.close();
  });

  it('reports a failed write at the end at the latest', async () => {
    const file = await open(path, 'r');
    const sink = new FileSink(file);
    await sink.write(Buffer.alloc(10));

    await expect(sink.end()).rejects.toMatchObject({ code: 'EBADF' });
    await file.close();
  });
});

describe('a file as a source', () => {
  it.each(LENGTHS)('yields all of %d bytes, whatever was expected', async (length) => {
    const content = randomBytes(length);
    await writeFile(path, content);
    for (const expected of [length, Math.floor(length / 2) + 1000, 2 * length, undefined]) {
      const chunks: Buffer[] = [];
      for await (const chunk of fileSource(path, expected)) chunks.push(Buffer.from(chunk));

      expect(Buffer.concat(chunks).equals(content)).toBe(true);
    }
  });

  it('reports a failed read after the chunks before it, and closes the file', async () => {
    await writeFile(path, randomBytes(3 * STEP));
    const { file } = await watchReads(2);
    const source = fileSource(path);

    expect((await source.next()).value).toHaveLength(STEP);

    for (let turn = 0; turn < 20; turn++) await nextTurn();

    await expect(source.next()).rejects.toThrow('the disk failed');
    expect(file()?.fd).toBe(CLOSED);
  });

  it('closes the file when the reader stops', async () => {
    await writeFile(path, randomBytes(3 * STEP));
    const { file } = await watchReads();
    for await (const chunk of fileSource(path)) {
      expect(chunk).toHaveLength(STEP);
      expect(file()?.fd).not.toBe(CLOSED);
      break;
    }

    expect(file()?.fd).toBe(CLOSED);
  });

  it('does not lose a chunk while the next one is read', async () => {
    const content = randomBytes(4 * STEP);
    await writeFile(path, content);
    const { readings } = await watchReads();
    let at = 0;
    for await (const chunk of fileSource(path)) {
      expect(readings).toHaveLength(at / STEP + 2);

      await Promise.all(readings);

      expect(content.subarray(at, at + chunk.length).equals(chunk)).toBe(true);

      at += chunk.length;
    }

    expect(at).toBe(content.length);
  });

  it.each([
    ['that does not exist', () => join(folder, 'missing'), 'ENOENT'],
    ['that is a folder', () => folder, 'EISDIR'],
  ])('fails with the error of the system for a file %s', async (_what, pathOf, code) => {
    await expect(fileSource(pathOf()).next()).rejects.toMatchObject({ code });
  });
});
