import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import {
  CipherThreads,
  EncryptedBlobService,
  type EncryptedBlockBlobClient,
  type EncryptedContainerClient,
  type ProtocolVersion,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { content, policyOf } from '../support/blobs.js';

const MIB = 1024 * 1024;
const REGION = 4 * MIB;
/** For tests in which the block length does not matter. */
const BLOCK = 256 * 1024;
/** Protocols with lengths around their boundaries: pieces for the threads, and regions. */
const POLICIES: readonly (readonly [ProtocolVersion, number | undefined, readonly number[]])[] = [
  ['1.0', undefined, [MIB, 3 * MIB + 5]],
  ['2.0', undefined, [REGION - 28, REGION - 27, REGION + 1, 9 * MIB + 5]],
  ['2.1', 100_000, [MIB, 3 * MIB + 5]],
  ['2.1', 1000, [999, 1000, MIB + 5]],
];
/** In full blocks and in odd ones, which split nonces, data, tags and padding everywhere. */
const UPLOADS = [
  ['data', MIB],
  ['stream', MIB],
  ['file', MIB],
  ['stream', 65_537],
] as const;

describe.each(POLICIES)(
  'blobs of protocol %s (region length %s), sealed on threads',
  (protocol, regionLength, sizes) => {
    const threads = new CipherThreads(2);
    let container: EncryptedContainerClient;
    let folder: string;

    beforeAll(async () => {
      const service = BlobServiceClient.fromConnectionString(connectionString());
      const policy = policyOf(protocol, regionLength === undefined ? {} : { regionLength });
      container = new EncryptedBlobService(() => service, policy, { threads }).getContainerClient(
        uniqueName('threads'),
      );
      await container.createIfNotExists();
      folder = await mkdtemp(join(tmpdir(), 'threads-'));
    });

    afterAll(async () => {
      await threads.close();
      await rm(folder, { recursive: true });
    });

    it.each([0, 1, ...sizes])('return %d bytes uploaded from data, stream and file', async (size) => {
      const plaintext = content(size);
      const file = join(folder, String(size));
      await writeFile(file, plaintext);

      const upload = (from: (typeof UPLOADS)[number][0], blob: EncryptedBlockBlobClient, blockSize: number) => {
        const options = { blockSize, concurrency: 2, maxSingleShotSize: blockSize };
        if (from === 'data') return blob.uploadData(plaintext, options);
        if (from === 'file') return blob.uploadFile(file, options);
        return blob.uploadStream(Readable.from(pieces(plaintext, 100_003)), blockSize, 3);
      };

      await Promise.all(
        UPLOADS.map(async ([from, blockSize]) => {
          const blob = container.getBlockBlobClient(`${from}-${size}-${blockSize}`);
          await upload(from, blob, blockSize);
          expect([from, blockSize, plaintext.equals(await blob.downloadToBuffer())]).toEqual([from, blockSize, true]);
        }),
      );
    });

    it('return content that is longer than the requested block but still fits one', async () => {
      const plaintext = content(12);

      await container.getBlockBlobClient('tiny-data').uploadData(plaintext, { blockSize: 8 });
      await container.getBlockBlobClient('tiny-stream').uploadStream(Readable.from([plaintext]), 8);

      for (const name of ['tiny-data', 'tiny-stream']) {
        const blob = container.getBlockBlobClient(name);
        const stored = await blob.unencryptedClient.downloadToBuffer();
        expect([name, stored.includes(plaintext)]).toEqual([name, false]);
        expect((await blob.downloadToBuffer()).equals(plaintext)).toBe(true);
      }
    });

    it('have no more blocks than their size requires', async () => {
      const blob = container.getBlockBlobClient('blocks');

      await blob.uploadData(content(40 * 17 - 1), { blockSize: 17 });

      const { contentLength = 0 } = await blob.getProperties();
      const { committedBlocks = [] } = await blob.unencryptedClient.getBlockList('committed');
      expect(committedBlocks.length).toBeLessThanOrEqual(Math.ceil(contentLength / 17));
    });

    it('leave the caller’s bytes unchanged', async () => {
      const plaintext = content(3 * BLOCK);
      const given = Buffer.from(plaintext);

      await container.getBlockBlobClient('given').uploadData(given, { blockSize: BLOCK, maxSingleShotSize: 0 });

      expect(given.equals(plaintext)).toBe(true);
    });

    it('leave the old blob untouched when the source fails half-way, and destroy the source', async () => {
      const blob = container.getBlockBlobClient('half-way');
      await blob.uploadData(Buffer.from('old'));
      const failing = Readable.from(failingAfter(5 * MIB));

      await expect(blob.uploadStream(failing, MIB, 2)).rejects.toThrow('source broke');

      expect(failing.destroyed).toBe(true);
      expect((await blob.downloadToBuffer()).toString()).toBe('old');
    });

    it('destroy the source and leave the old blob untouched when aborted', async () => {
      const blob = container.getBlockBlobClient('aborted');
      await blob.uploadData(Buffer.from('old'));
      const controller = new AbortController();
      const source = Readable.from(pieces(content(6 * MIB), 65_536));
      const onProgress = () => {
        controller.abort();
      };

      const upload = blob.uploadStream(source, MIB, 2, { abortSignal: controller.signal, onProgress });

      await expect(upload).rejects.toMatchObject({ name: 'AbortError' });
      expect(source.destroyed).toBe(true);
      expect((await blob.downloadToBuffer()).toString()).toBe('old');
    });

    it('respond to an abort while the source is stalled, before the first block is full', async () => {
      const blob = container.getBlockBlobClient('stalled');
      const stalled = new PassThrough();
      const controller = new AbortController();

      const upload = blob.uploadStream(stalled, MIB, 2, { abortSignal: controller.signal });
      const outcome = expect(upload).rejects.toMatchObject({ name: 'AbortError' });
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await outcome;

      expect(await blob.exists()).toBe(false);
      stalled.end();
    });

    it('report progress in bytes of plaintext, never more than sent, up to the total', async () => {
      // a step of 64 KiB counts towards the block it begins in
      const STEP = 64 * 1024;
      const plaintext = content(5 * BLOCK + 3);
      for (const concurrency of [1, 2, 5]) {
        const reported: number[] = [];

        await container.getBlockBlobClient('progress').uploadData(plaintext, {
          ...{ blockSize: BLOCK, concurrency },
          onProgress: ({ loadedBytes }) => reported.push(loadedBytes),
        });

        expect(reported).toHaveLength(6);
        reported.forEach((loadedBytes, index) => {
          expect(loadedBytes).toBeLessThanOrEqual((index + 1) * BLOCK + STEP);
        });
        expect(reported).toEqual([...reported].sort((a, b) => a - b));
        expect(reported.at(-1)).toBe(plaintext.length);
      }
    });
  },
);

describe('page blobs, sealed on a thread', () => {
  const threads = new CipherThreads(1);

  afterAll(() => threads.close());

  it.each([0, 512, REGION, REGION + 512])('return %d bytes', async (size) => {
    const service = BlobServiceClient.fromConnectionString(connectionString());
    const container = new EncryptedBlobService(() => service, policyOf('1.0'), { threads }).getContainerClient(
      uniqueName('threads'),
    );
    await container.createIfNotExists();
    const plaintext = content(size);

    await container.getPageBlobClient('pages').uploadData(plaintext);

    expect((await container.getPageBlobClient('pages').downloadToBuffer()).equals(plaintext)).toBe(true);
  });
});

function* pieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function* failingAfter(length: number): AsyncGenerator<Buffer> {
  for (let given = 0; given < length; given += 65_536) yield await Promise.resolve(content(65_536));
  throw new Error('source broke');
}
