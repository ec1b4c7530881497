import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { EncryptedContainerClient, ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import { bytesFrom, containersFor, content, policyOf } from '../support/blobs.js';

const MIB = 1024 * 1024;
const REGION = 4 * MIB;
/** Lengths around a block of the cipher, then around a region or a transfer of the protocol. */
const SIZES = [0, 1, 15, 16, 17, 31, 32, 33];
const POLICIES: readonly (readonly [ProtocolVersion, number | undefined, readonly number[]])[] = [
  ['1.0', undefined, [MIB - 1, MIB, MIB + 1, 3 * MIB + 5]],
  ['2.0', undefined, [REGION - 1, REGION, REGION + 1, 2 * REGION, 9 * MIB + 5]],
  ['2.1', 1000, [999, 1000, 1001, 64_000, MIB + 5]],
];

describe.each(POLICIES)('blobs of protocol %s (region length %s)', (protocol, regionLength, longSizes) => {
  let container: EncryptedContainerClient;
  let folder: string;

  beforeAll(async () => {
    const policy = policyOf(protocol, regionLength === undefined ? {} : { regionLength });
    [container] = await containersFor(policy);
    folder = await mkdtemp(join(tmpdir(), 'blobs-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it.each([...SIZES, ...longSizes])(
    'return %d bytes from data, stream and file to a stream, a buffer and a file',
    async (size) => {
      const plaintext = content(size);
      const file = join(folder, `source-${size}`);
      await writeFile(file, plaintext);
      const blob = (from: string) => container.getBlockBlobClient(`${from}-${size}`);

      await blob('data').uploadData(plaintext);
      await blob('stream').uploadStream(Readable.from(pieces(plaintext, 100_003)), MIB, 3);
      await blob('file').uploadFile(file, { blockSize: 2 * MIB, concurrency: 2 });

      for (const from of ['data', 'stream', 'file']) {
        expect(plaintext.equals(await blob(from).downloadToBuffer(0, undefined, { blockSize: MIB }))).toBe(true);
      }
      const answer = await blob('data').download();
      expect(answer.contentLength).toBe(size);
      expect(answer.contentRange).toBeUndefined();
      expect(plaintext.equals(await bytesFrom(answer.readableStreamBody))).toBe(true);
      const target = join(folder, `target-${size}`);
      await blob('data').downloadToFile(target);
      expect(plaintext.equals(await readFile(target))).toBe(true);
    },
  );

  it('store nothing that looks like the plaintext', async () => {
    const blob = container.getBlockBlobClient('opaque');
    const plaintext = Buffer.from('personal data '.repeat(100));

    await blob.uploadData(plaintext);

    const stored = await blob.unencryptedClient.downloadToBuffer();
    expect(stored.includes('personal data')).toBe(false);
  });

  it.each([33, 3000, longSizes[2] ?? 0])(
    'return exactly the requested bytes for every range of %d bytes',
    async (size) => {
      const plaintext = content(size);
      const blob = container.getBlockBlobClient(`ranges-${size}`);
      await blob.uploadData(plaintext);
      const edges = new Set([0, 1, 15, 16, 17, 31, 32, size - 17, size - 16, size - 1, size, size + 1, size + 40]);
      const countsFrom = (offset: number) => {
        if (size <= MIB) return [0, 1, 16, 17, size, undefined];
        // almost all of a long content, once
        return offset > 1 && offset < size - 17 ? [0, 17] : [0, 17, undefined];
      };

      for (const offset of edges) {
        for (const count of countsFrom(offset)) {
          const expected = plaintext.subarray(offset, count === undefined ? undefined : offset + count);
          const answer = await blob.download(offset, count);
          const got = await bytesFrom(answer.readableStreamBody);
          expect([offset, count, got.equals(expected)]).toEqual([offset, count, true]);
          expect(answer.contentLength).toBe(expected.length);
          if (expected.length > 0 && (offset > 0 || count !== undefined)) {
            expect(answer.contentRange).toMatch(`bytes ${offset}-${offset + expected.length - 1}/`);
          }
          expect((await blob.downloadToBuffer(offset, count)).equals(expected)).toBe(true);
        }
      }
    },
  );

  it('leave the old blob untouched when the source fails half-way', async () => {
    const blob = container.getBlockBlobClient('half-way');
    await blob.uploadData(Buffer.from('old'));

    const failing = Readable.from(failingAfter(3 * MIB));
    await expect(blob.uploadStream(failing, MIB, 2)).rejects.toThrow('source broke');

    expect((await blob.downloadToBuffer()).toString()).toBe('old');
  });

  it('leave no file, complete or partial, after a failed download', async () => {
    const blob = container.getBlockBlobClient('cut');
    await blob.uploadData(content(REGION + 100));
    const stored = await blob.unencryptedClient.downloadToBuffer();
    const { metadata } = await blob.unencryptedClient.getProperties();
    await blob.unencryptedClient.uploadData(stored.subarray(0, stored.length - 8), { metadata });

    const target = join(folder, 'never');
    await expect(blob.downloadToFile(target)).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });

    expect((await readdir(folder)).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it('report progress in bytes of plaintext, up to the total', async () => {
    const [blockSize, plaintext] = [128 * 1024, content(5 * 128 * 1024 + 3)];
    const blob = container.getBlockBlobClient('progress');
    const up: number[] = [];
    const down: number[] = [];
    const toBuffer: number[] = [];

    await blob.uploadData(plaintext, { blockSize, onProgress: ({ loadedBytes }) => up.push(loadedBytes) });
    const answer = await blob.download(0, undefined, { onProgress: ({ loadedBytes }) => down.push(loadedBytes) });
    await bytesFrom(answer.readableStreamBody);
    await blob.downloadToBuffer(0, undefined, { onProgress: ({ loadedBytes }) => toBuffer.push(loadedBytes) });

    expect(up.length).toBeGreaterThan(4);
    for (const reported of [up, down, toBuffer]) expect(reported.at(-1)).toBe(plaintext.length);
  });

  it('keep the encryption data under new metadata and in snapshots', async () => {
    const blob = container.getBlockBlobClient('metadata');
    await blob.uploadData(Buffer.from('kept'), { metadata: { owner: 'ward' } });

    await blob.setMetadata({ owner: 'archive' });
    const { snapshot } = await blob.createSnapshot({ metadata: { reason: 'audit' } });
    await blob.uploadData(Buffer.from('newer'));

    const { metadata } = await blob.withSnapshot(snapshot ?? '').getProperties();
    expect(metadata?.['reason']).toBe('audit');
    expect((await blob.withSnapshot(snapshot ?? '').downloadToBuffer()).toString()).toBe('kept');
  });

  it('reject a hash of the plaintext before any request', async () => {
    const blob = container.getBlockBlobClient('hash');
    const options = { blobHTTPHeaders: { blobContentMD5: Buffer.alloc(16) } };

    await expect(blob.uploadData(Buffer.from('x'), options)).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATION' });

    expect(await blob.exists()).toBe(false);
  });

  it('reject a body that is shorter or longer than announced, and stay unchanged', async () => {
    const blob = container.getBlockBlobClient('announced');

    for (const length of [2, 4]) {
      await expect(blob.upload('abc', length)).rejects.toMatchObject({ code: 'SOURCE_LENGTH_MISMATCH' });
    }

    expect(await blob.exists()).toBe(false);
  });

  it('report the plaintext length, which in 1.0 requires integrity entries', async () => {
    const blob = container.getBlockBlobClient('length');
    await blob.uploadData(content(12345));
    const [other] = await containersFor(policyOf(protocol, { integrity: 'off' }));
    const withoutEntries = other.getBlockBlobClient('length');
    await withoutEntries.uploadData(content(12345));

    expect(await blob.getProperties()).toMatchObject({ encrypted: true, plaintextContentLength: 12345 });
    const { encrypted, plaintextContentLength } = await withoutEntries.getProperties();
    expect([encrypted, plaintextContentLength]).toEqual([true, protocol === '1.0' ? undefined : 12345]);
  });
});

function* pieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function* failingAfter(length: number): AsyncGenerator<Buffer> {
  for (let given = 0; given < length; given += 65_536) yield await Promise.resolve(content(65_536));
  throw new Error('source broke');
}
