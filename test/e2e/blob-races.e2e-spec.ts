/** Blobs that change while they are stored or read: appended blocks, and a key rotated during a download. */
import { BlobServiceClient } from '@azure/storage-blob';
import {
  EncryptedBlobService,
  type EncryptedBlockBlobClient,
  type EncryptionPolicy,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { bytesFrom, containersFor, content, policyOf } from '../support/blobs.js';

const MIB = 1024 * 1024;
const REGION = 64 * 1024;
/** Stored bytes of a region next to its content. */
const OVERHEAD = 28;
const SIZE = 4 * REGION + 5;

const policies = {
  '1.0': policyOf('1.0'),
  '2.0': policyOf('2.0'),
  '2.1': policyOf('2.1', { regionLength: REGION }),
} as const;
type Protocol = keyof typeof policies;
const protocols = Object.keys(policies) as Protocol[];

const blobOf = async (policy: EncryptionPolicy): Promise<EncryptedBlockBlobClient> =>
  (await containersFor(policy))[0].getBlockBlobClient('b');

/** Stages a block and commits it after the existing ones, as anyone with access to the account can. */
async function addBlock({ unencryptedClient: raw }: EncryptedBlockBlobClient, bytes: Buffer): Promise<void> {
  const { metadata } = await raw.getProperties();
  const { committedBlocks = [] } = await raw.getBlockList('committed');
  const names = committedBlocks.map(({ name }) => name);
  const added = Buffer.alloc(Buffer.from(names[0]!, 'base64').length, 'z').toString('base64');
  await raw.stageBlock(added, bytes, bytes.length);
  await raw.commitBlockList([...names, added], { metadata: metadata! });
}

describe.each(protocols)('a blob of protocol %s with appended bytes', (protocol) => {
  it.each<[string, (stored: Buffer) => Buffer]>([
    ['a byte', () => Buffer.alloc(1)],
    ['a block of the cipher', () => Buffer.alloc(16)],
    ['the first region again', (stored) => stored.subarray(0, REGION + OVERHEAD)],
  ])('releases nothing if someone appends %s, in complete or partial reads', async (_what, extra) => {
    const blob = await blobOf(policies[protocol]);
    await blob.uploadData(content(SIZE), { blockSize: REGION, maxSingleShotSize: REGION });
    await addBlock(blob, extra(await blob.unencryptedClient.downloadToBuffer()));

    const released: Buffer[] = [];
    const streamed = async (): Promise<void> => {
      const { readableStreamBody } = await blob.download();
      for await (const piece of readableStreamBody!) released.push(piece as Buffer);
    };

    for (const read of [
      streamed,
      () => blob.downloadToBuffer(),
      () => blob.downloadToBuffer(10, 20),
      () => blob.downloadToBuffer(SIZE - 5, 5),
    ])
      await expect(read()).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
    expect(released).toEqual([]);
  });
});

describe('a blob whose key is rotated during a download', () => {
  let proxy: AnswersProxy;
  beforeAll(async () => {
    proxy = await AnswersProxy.start();
  });
  afterEach(() => proxy.clear());
  afterAll(() => proxy.close());

  /** The blob behind the proxy, which rewraps it before it answers the first read. */
  async function rotatedUnderWay(policy: EncryptionPolicy, length: number): Promise<EncryptedBlockBlobClient> {
    const direct = await blobOf(policy);
    await direct.uploadData(content(length));
    let isRotated = false;
    proxy.spoil = ({ request, answer, response }) => {
      if (request.method !== 'GET' || isRotated) return false;
      isRotated = true;
      void direct.rewrapKey({ force: true }).then(() => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      return true;
    };
    const service = BlobServiceClient.fromConnectionString(proxy.connectionString);
    const { containerName } = direct.unencryptedClient;
    return new EncryptedBlobService(() => service, policy).getContainerClient(containerName).getBlockBlobClient('b');
  }

  it.each(protocols)('is read completely by a single request (%s)', async (protocol) => {
    const blob = await rotatedUnderWay(policies[protocol], SIZE);

    const { readableStreamBody } = await blob.download();

    expect((await bytesFrom(readableStreamBody)).equals(content(SIZE))).toBe(true);
  });

  it.each(protocols)('fails at the service from the second request on (%s)', async (protocol) => {
    const blob = await rotatedUnderWay(policies[protocol], 9 * MIB);

    const reading = blob.downloadToBuffer(0, undefined, { blockSize: 4 * MIB, concurrency: 1 });

    await expect(reading).rejects.toMatchObject({ statusCode: 412 });
    expect((await blob.downloadToBuffer()).equals(content(9 * MIB))).toBe(true);
  });

  it('fails if a long stream of 1.0 is verified first and then read', async () => {
    const blob = await rotatedUnderWay(policyOf('1.0', { integrity: 'require' }), 9 * MIB);
    const released: Buffer[] = [];

    const reading = async (): Promise<void> => {
      const { readableStreamBody } = await blob.download();
      for await (const piece of readableStreamBody!) released.push(piece as Buffer);
    };

    await expect(reading()).rejects.toMatchObject({ statusCode: 412 });
    expect(released).toEqual([]);
  });
});
