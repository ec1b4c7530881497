import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import {
  CipherThreads,
  EncryptedBlobService,
  type EncryptedBlockBlobClient,
  type EncryptionPolicy,
} from 'nestjs-azure-encrypted-storage';
import { encryptionDataOf, metadataLength, METADATA_LIMIT } from '../../src/wire/blob-metadata.js';
import { connectionString, uniqueName } from '../support/azurite.js';
import { content, policyOf } from '../support/blobs.js';

const KIB = 1024;
const BLOCK = 64 * KIB;
const threads = new CipherThreads(1);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'integrity-'));
});

afterAll(async () => {
  await threads.close();
  await rm(folder, { recursive: true });
});

/** One container, written and read by several policies. */
async function containers(...policies: readonly EncryptionPolicy[]) {
  const service = BlobServiceClient.fromConnectionString(connectionString());
  const name = uniqueName('integrity');
  await service.getContainerClient(name).create();
  return policies.map((policy) => ({
    inline: new EncryptedBlobService(() => service, policy).getContainerClient(name),
    threaded: new EncryptedBlobService(() => service, policy, { threads }).getContainerClient(name),
  }));
}

const entriesIn = async (blob: EncryptedBlockBlobClient): Promise<Record<string, string>> => {
  const { metadata } = await blob.unencryptedClient.getProperties();
  const { KeyWrappingMetadata } = JSON.parse(encryptionDataOf(metadata) ?? '{}') as {
    KeyWrappingMetadata: Record<string, string>;
  };
  return KeyWrappingMetadata;
};

const uploads: readonly (readonly [how: string, upload: (blob: EncryptedBlockBlobClient, data: Buffer) => unknown])[] =
  [
    ['in one request', (blob, data) => blob.uploadData(data)],
    [
      'in concurrent blocks',
      (blob, data) => blob.uploadData(data, { blockSize: BLOCK, maxSingleShotSize: BLOCK, concurrency: 3 }),
    ],
    ['from a stream', (blob, data) => blob.uploadStream(Readable.from([data]), BLOCK, 2)],
    [
      'from a file',
      async (blob, data) => {
        const path = join(folder, blob.name);
        await writeFile(path, data);
        await blob.uploadFile(path, { blockSize: BLOCK, maxSingleShotSize: BLOCK });
      },
    ],
  ];

const protocols = [
  ['1.0', policyOf('1.0'), 155],
  ['2.0', policyOf('2.0'), 90],
  ['2.1', policyOf('2.1', { regionLength: BLOCK }), 90],
] as const;

describe.each(protocols)('block blobs of protocol %s', (_protocol, policy, mostBytes) => {
  const required = { ...policy, integrity: 'require' } as const;

  it.each(uploads)('are written with entries %s, inline and on a thread', async (how, upload) => {
    const [writer, reader] = await containers(policy, required);
    for (const size of [0, 1, 16, BLOCK - 16, BLOCK, 3 * BLOCK + 5]) {
      for (const place of ['inline', 'threaded'] as const) {
        const name = `${how.length}-${size}-${place}`;
        const plaintext = content(size);

        await upload(writer![place].getBlockBlobClient(name), plaintext);

        const read = await reader!.inline.getBlockBlobClient(name).downloadToBuffer();
        expect([name, read.equals(plaintext)]).toEqual([name, true]);
      }
    }
  });

  it(`have at most ${mostBytes} more bytes of metadata, and 32 more with a context`, async () => {
    const [plain, bound, contextual] = await containers({ ...policy, integrity: 'off' }, policy, {
      ...policy,
      context: () => 'tenant',
    });
    const lengths: number[] = [];
    for (const { inline } of [plain!, bound!, contextual!]) {
      const blob = inline.getBlockBlobClient('letter');
      await blob.uploadData(content(999_999));
      lengths.push(metadataLength((await blob.unencryptedClient.getProperties()).metadata!));
    }
    const [without = 0, entries = 0, withContext = 0] = lengths;

    expect(entries - without).toBeGreaterThan(0);
    expect(entries - without).toBeLessThanOrEqual(mostBytes);
    expect(withContext - entries).toBeLessThanOrEqual(32);
  });

  it('have neither entries nor a flag in the wrapped key under "off"', async () => {
    const [writer, verifying] = await containers({ ...policy, integrity: 'off' }, policy);
    await writer!.inline.getBlockBlobClient('letter').uploadData(content(5));

    const blob = verifying!.inline.getBlockBlobClient('letter');

    expect(Object.keys(await entriesIn(blob))).toEqual(['EncryptionLibrary']);
    expect(await blob.downloadToBuffer()).toEqual(content(5));
  });

  it('are rejected before any request if the entries make the metadata too long', async () => {
    const [writer] = await containers(policy);
    const blob = writer!.inline.getBlockBlobClient('letter');
    await blob.uploadData(content(5));
    const { metadata } = await blob.unencryptedClient.getProperties();
    const free = METADATA_LIMIT - metadataLength(metadata!);
    const note = (length: number) => ({ note: 'x'.repeat(length - 'note'.length) });

    const tooLong = blob.uploadData(content(6), { metadata: note(free) });

    await expect(tooLong).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', limitBytes: METADATA_LIMIT });
    // room is left for two lengths of 16 digits each; these have one or two digits
    await blob.uploadData(content(7), { metadata: note(free - 32) });
    expect(await blob.downloadToBuffer()).toEqual(content(7));
  });
});

it('writes a page blob with entries, inline and on a thread', async () => {
  const policy = policyOf('1.0');
  const [writer, reader] = await containers(policy, { ...policy, integrity: 'require' });
  for (const size of [0, 512, 5 * 1024 * KIB]) {
    for (const place of ['inline', 'threaded'] as const) {
      const name = `${size}-${place}`;
      await writer![place].getPageBlobClient(name).uploadData(content(size));

      const read = await reader!.inline.getPageBlobClient(name).downloadToBuffer();

      expect([name, read.equals(content(size))]).toEqual([name, true]);
    }
  }
});
