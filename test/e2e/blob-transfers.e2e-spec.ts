/** Any content, region length, chunking, block length, concurrency and range, through the service. */
import { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import fc from 'fast-check';
import { CipherThreads, EncryptedBlobService, type ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { bytesFrom, content, policyOf } from '../support/blobs.js';
import { runs } from '../support/property-runs.js';

const KIB = 1024;
const threads = new CipherThreads(1);
const name = uniqueName('transfers');
const service = BlobServiceClient.fromConnectionString(connectionString());

beforeAll(() => service.getContainerClient(name).create());
afterAll(() => threads.close());

const REGION_LENGTHS = [16, 1000, 64 * KIB, 100_000];
const LONGEST = 400_000;
/** Above this limit, more regions of one length find nothing new and take seconds. */
const MOST_REGIONS = 300;

const transferOf = (regionLength: number, longest: number) =>
  fc.record({
    regionLength: fc.constant(regionLength),
    length: fc.oneof(
      fc.constantFrom(regionLength - 1, regionLength, regionLength + 1, 3 * regionLength, regionLength + 28),
      fc.nat(longest),
    ),
    protocol: fc.constantFrom<ProtocolVersion>('1.0', '2.0', '2.1'),
    chunks: fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 4 }),
    blockSize: fc.constantFrom(16 * KIB, 50_001, 64 * KIB + 28, 256 * KIB),
    concurrency: fc.integer({ min: 1, max: 6 }),
    onThreads: fc.boolean(),
    range: fc.tuple(fc.nat(Math.ceil(1.1 * longest)), fc.option(fc.nat(longest), { nil: undefined })),
  });

const transfers = fc
  .constantFrom(...REGION_LENGTHS)
  .chain((regionLength) => transferOf(regionLength, Math.min(LONGEST, regionLength * MOST_REGIONS)));

function* cut(bytes: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

it('downloads what was uploaded, completely and in ranges, to streams and buffers', async () => {
  let blobs = 0;
  await fc.assert(
    fc.asyncProperty(transfers, async ({ protocol, regionLength, length, blockSize, concurrency, ...transfer }) => {
      const policy = policyOf(protocol, protocol === '2.1' ? { regionLength } : {});
      const environment = transfer.onThreads ? { threads } : {};
      const blob = new EncryptedBlobService(() => service, policy, environment)
        .getContainerClient(name)
        .getBlockBlobClient(`transfer-${blobs++}`);
      const plaintext = content(length);
      const [offset, count] = transfer.range;
      const part = plaintext.subarray(offset, count === undefined ? undefined : offset + count);

      await blob.uploadStream(Readable.from(cut(plaintext, transfer.chunks)), blockSize, concurrency);

      expect((await blob.downloadToBuffer(0, undefined, { blockSize, concurrency })).equals(plaintext)).toBe(true);
      expect((await blob.downloadToBuffer(offset, count, { blockSize, concurrency })).equals(part)).toBe(true);
      const answer = await blob.download(offset, count);
      expect(answer.contentLength).toBe(part.length);
      expect((await bytesFrom(answer.readableStreamBody)).equals(part)).toBe(true);
    }),
    { numRuns: runs(40) },
  );
}, 240_000);
