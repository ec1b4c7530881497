import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSink } from '../../../src/streams/file-sink.js';
import { fileSource } from '../../../src/streams/source.js';

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

describe('a file sink', () => {
  it.each(LENGTHS.flatMap((length) => [1, 1000, 65_536, STEP, 2 * STEP + 1].map((piece) => [length, piece] as const)))(
    'writes %d bytes that come %d at once',
    async (length, pieceLength) => {
      // single bytes are slow, and the same as the last few of a step
      const step = pieceLength === 1 ? Math.max(1, length - 3) : pieceLength;
      const content = randomBytes(length);
      const file = await open(path, 'w');
      const sink = new FileSink(file);
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

  it('tells of a writing that failed', async () => {
    await writeFile(path, '');
    const file = await open(path, 'r');
    const sink = new FileSink(file);
    await sink.write(Buffer.alloc(STEP));

    await expect(sink.write(Buffer.alloc(STEP))).rejects.toMatchObject({ code: 'EBADF' });
    await expect(new FileSink(file).end()).resolves.toBeUndefined();
    await file.close();
  });

  it('tells of it at the end at the latest', async () => {
    const file = await open(path, 'r');
    const sink = new FileSink(file);
    await sink.write(Buffer.alloc(10));

    await expect(sink.end()).rejects.toMatchObject({ code: 'EBADF' });
    await file.close();
  });
});

describe('a file as a source', () => {
  it.each(LENGTHS)('gives all of %d bytes', async (length) => {
    const content = randomBytes(length);
    await writeFile(path, content);
    const chunks: Buffer[] = [];
    for await (const chunk of fileSource(path)) chunks.push(Buffer.from(chunk));

    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  it('does not lose a chunk while the next one is read', async () => {
    const content = randomBytes(4 * STEP);
    await writeFile(path, content);
    let at = 0;
    for await (const chunk of fileSource(path)) {
      await new Promise((resolve) => setTimeout(resolve, 20));

      expect(content.subarray(at, at + chunk.length).equals(chunk)).toBe(true);

      at += chunk.length;
    }

    expect(at).toBe(content.length);
  });

  it.each([
    ['that is not there', () => join(folder, 'missing'), 'ENOENT'],
    ['that is a folder', () => folder, 'EISDIR'],
  ])('fails in the words of the system for a file %s', async (_what, pathOf, code) => {
    await expect(fileSource(pathOf()).next()).rejects.toMatchObject({ code });
  });
});
