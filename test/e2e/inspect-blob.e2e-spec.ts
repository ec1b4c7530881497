import { BlobServiceClient, type BlockBlobClient, type ContainerClient } from '@azure/storage-blob';
import {
  AesKeyEncryptionKey,
  EncryptedBlockBlobClient,
  type EncryptedContainerClient,
} from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_ENTRY } from '../../src/wire/blob-metadata.js';
import { parseEncryptionData } from '../../src/wire/encryption-data.js';
import { formatUnfinished } from '../../src/wire/unfinished-upload.js';
import { AnswersProxy } from '../support/answers-proxy.js';
import { connectionString, uniqueName } from '../support/azurite.js';
import { containersFor, content, policyOf } from '../support/blobs.js';
import { codesOf, findingOf, keyFolder } from '../support/inspections.js';
import { recordSpans } from '../support/recorded-spans.js';
import { casesOf, keyArguments, storedBytes } from '../support/vectors.js';

const keyBase64 = Buffer.alloc(32, 7).toString('base64');
const keyEncryptionKey = AesKeyEncryptionKey.fromBase64('inspected:key', keyBase64);
const policies = {
  '1.0': policyOf('1.0', { keyEncryptionKey }),
  '2.0': policyOf('2.0', { keyEncryptionKey }),
  '2.1': policyOf('2.1', { keyEncryptionKey, regionLength: 64 }),
};
type Version = keyof typeof policies;

const { folder, withKey } = keyFolder(keyBase64);

let containers: Readonly<Record<Version, EncryptedContainerClient>>;
let containerName: string;
beforeAll(async () => {
  const [v1, v20, v21] = await containersFor(...Object.values(policies));
  containers = { '1.0': v1!, '2.0': v20!, '2.1': v21! };
  containerName = v1!.containerName;
});

let blobs = 0;
/** A blob of `length` bytes, written by this package. */
async function written(version: Version, length: number): Promise<{ path: string; client: BlockBlobClient }> {
  const blob = containers[version].getBlockBlobClient(`scan-${blobs++}`);
  await blob.uploadData(content(length));
  return { path: `${containerName}/${blob.name}`, client: blob.unencryptedClient };
}

describe('the inspection of a blob', () => {
  it.each([
    ['1.0', 100, { storedBytes: 112, plaintextBytesAtLeast: 96, plaintextBytesAtMost: 111, wrappedKeyBytes: 40 }],
    ['2.0', 100, { storedBytes: 128, plaintextBytes: 100, regions: 1, inOrder: true, wrappedKeyBytes: 48 }],
    ['2.0', 0, { storedBytes: 0, plaintextBytes: 0, regions: 0, inOrder: true }],
    ['2.1', 64 * 40, { storedBytes: 92 * 40, plaintextBytes: 64 * 40, regions: 40, noncesRead: 16, inOrder: true }],
  ] as const)('describes and verifies a blob of protocol %s and %i bytes', async (protocol, length, facts) => {
    const { path } = await written(protocol, length);

    const finding = await findingOf('blob', path, ...withKey);

    expect(finding.facts).toMatchObject({ ...facts, protocol, keyId: 'inspected:key', wrapAlgorithm: 'A256KW' });
    expect(finding.facts['writtenBy']).toMatch(/^TypeScript /);
    expect(finding.anomalies).toEqual([]);
    expect(finding.verification).toMatchObject({ verified: true, plaintextBytes: length });
  });

  it.each([['2026-01-01T00:00:00.0000000Z'], [undefined]])(
    'reports an unfinished upload of pages and the snapshot of the previous content: %s',
    async (previous) => {
      const { path, client } = await written('2.0', 10);
      const { metadata = {} } = await client.getProperties();
      const data = parseEncryptionData(metadata[ENCRYPTION_DATA_ENTRY]!);
      const marker = formatUnfinished({ ...data, fields: {}, additions: new Map() }, { id: 'upload-1', previous });
      await client.setMetadata({ [ENCRYPTION_DATA_ENTRY]: marker });

      const finding = await findingOf('blob', path, ...withKey);

      expect(codesOf(finding)).toEqual(['UPLOAD_UNFINISHED']);
      expect(finding.anomalies[0]?.text).toContain('unfinished upload');
      expect(finding.facts['previousSnapshot']).toBe(previous);
      expect(finding.verification).toBeUndefined();
    },
  );

  it('needs no key, and then reports no verification', async () => {
    const { path } = await written('2.0', 10);

    expect((await findingOf('blob', path)).verification).toBeUndefined();
  });

  it('reads a few nonces of many regions and no other content', async () => {
    const { path } = await written('2.1', 64 * 500);
    const { spans } = recordSpans();

    const sampled = await findingOf('blob', path, '--nonces', '4');
    const reads = spans.filter(({ name }) => name === 'BlobClient-download').length;
    const all = await findingOf('blob', path, '--all-nonces');

    expect(sampled.facts).toMatchObject({ regions: 500, noncesRead: 4, inOrder: true });
    expect(reads).toBe(4);
    expect(all.facts).toMatchObject({ regions: 500, noncesRead: 500, inOrder: true });
    expect(all.facts['nonceCount']).toMatch(/^from 1, little-endian/);
  });

  it('finds a snapshot', async () => {
    const { path, client } = await written('2.0', 10);
    const { snapshot } = await client.createSnapshot();
    await client.upload('now plain', 9);

    expect(codesOf(await findingOf('blob', path))).toEqual(['NOT_ENCRYPTED']);
    expect(codesOf(await findingOf('blob', path, '--snapshot', snapshot!))).toEqual([]);
  });
});

interface Stored {
  readonly sealed: Buffer;
  readonly text: string;
  readonly name: string;
}
const REGION = 92;
const region = (sealed: Buffer, index: number): Buffer => sealed.subarray(index * REGION, (index + 1) * REGION);
const flipped = (sealed: Buffer, at: number): Buffer => {
  const changed = Buffer.from(sealed);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
};
const textAs = (from: string | RegExp, to: string) => (stored: Stored) => ({
  ...stored,
  text: stored.text.replace(from, to),
});
const sealedAs = (change: (sealed: Buffer) => Buffer) => (stored: Stored) => ({
  ...stored,
  sealed: change(stored.sealed),
});

/** The change, the anomalies found without a key, and the error code with the key. */
const tampered: readonly (readonly [string, (stored: Stored) => Stored, readonly string[], string])[] = [
  ['a renamed entry', (stored) => ({ ...stored, name: 'EncryptionData' }), ['METADATA_NAME_CASE'], 'none'],
  [
    'a renamed entry next to another entry',
    (stored) => ({ ...stored, name: 'other' }),
    ['NOT_ENCRYPTED'],
    'PLAINTEXT_NOT_ALLOWED',
  ],
  [
    'encryption data that is not JSON',
    (stored) => ({ ...stored, text: 'x' }),
    ['ENCRYPTION_DATA_UNREADABLE'],
    'INVALID_ENCRYPTION_METADATA',
  ],
  [
    'encryption data without a key',
    textAs('WrappedContentKey', 'Other'),
    ['ENCRYPTION_DATA_INVALID'],
    'INVALID_ENCRYPTION_METADATA',
  ],
  ['a wrong pair', textAs('AES_GCM_256', 'AES_CBC_256'), ['PROTOCOL_UNKNOWN'], 'UNSUPPORTED_PROTOCOL'],
  ['a future protocol', textAs('"2.1"', '"3.0"'), ['PROTOCOL_UNKNOWN'], 'UNSUPPORTED_PROTOCOL'],
  [
    'a shorter wrapped key',
    textAs(/"EncryptedKey":"[^"]{4}/, '"EncryptedKey":"'),
    ['WRAPPED_KEY_LENGTH'],
    'KEY_UNWRAP_FAILED',
  ],
  [
    'no wrapped key',
    textAs(/"EncryptedKey":"[^"]+/, '"EncryptedKey":"'),
    ['WRAPPED_KEY_LENGTH', 'WRAPPED_KEY_EMPTY'],
    'KEY_UNWRAP_FAILED',
  ],
  ['an empty key id', textAs('inspected:key', ''), ['KEY_ID_EMPTY'], 'any'],
  ['a library that is a number', textAs(/"TypeScript [^"]+"/, '7'), ['LIBRARY_NOT_TEXT'], 'none'],
  [
    'all but five bytes cut off',
    sealedAs((sealed) => sealed.subarray(0, 5)),
    ['LENGTH_IMPOSSIBLE', 'INTEGRITY_LENGTH'],
    'DECRYPTION_FAILED',
  ],
  [
    'a missing byte',
    sealedAs((sealed) => sealed.subarray(0, -REGION + 20)),
    ['LENGTH_IMPOSSIBLE', 'INTEGRITY_LENGTH'],
    'DECRYPTION_FAILED',
  ],
  [
    'regions swapped',
    sealedAs((sealed) => Buffer.concat([region(sealed, 1), region(sealed, 0), sealed.subarray(2 * REGION)])),
    ['NONCE_FOREIGN'],
    'REGION_OUT_OF_ORDER',
  ],
  ['a nonce flipped', sealedAs((sealed) => flipped(sealed, REGION)), ['NONCE_FOREIGN'], 'REGION_OUT_OF_ORDER'],
  [
    'a Python nonce among ours',
    sealedAs((sealed) => {
      const copy = Buffer.from(sealed);
      copy.fill(0, REGION, REGION + 11);
      copy[REGION + 11] = 1;
      return copy;
    }),
    ['NONCES_MIXED'],
    'REGION_OUT_OF_ORDER',
  ],
  ['flipped content, which only the key reveals', sealedAs((sealed) => flipped(sealed, 50)), [], 'DECRYPTION_FAILED'],
  [
    'the last region cut off',
    sealedAs((sealed) => sealed.subarray(0, 3 * REGION)),
    ['INTEGRITY_LENGTH'],
    'DECRYPTION_FAILED',
  ],
];

describe('the inspection of a changed blob', () => {
  it.each(tampered)('finds %s', async (_what, change, codes, verified) => {
    const { path, client } = await written('2.1', 4 * 64);
    const { metadata } = await client.getProperties();
    const sealed = await client.downloadToBuffer();
    const before = { sealed, text: metadata![ENCRYPTION_DATA_ENTRY]!, name: ENCRYPTION_DATA_ENTRY };
    const after = change(before);
    expect(after).not.toEqual(before);
    await client.upload(after.sealed, after.sealed.length, { metadata: { [after.name]: after.text } });

    const blind = await findingOf('blob', path);
    const { verification } = await findingOf('blob', path, ...withKey);

    expect(codesOf(blind)).toEqual(codes);
    if (verified !== 'any' && !codes.includes('NOT_ENCRYPTED')) {
      expect(verification?.verified === false ? verification.code : 'none').toBe(verified);
    }
  });

  it('finds with all nonces what a sample of many regions misses', async () => {
    const { path, client } = await written('2.1', 64 * 100);
    const { metadata } = await client.getProperties();
    const sealed = flipped(await client.downloadToBuffer(), 42 * REGION);
    await client.upload(sealed, sealed.length, { metadata: metadata! });

    expect(codesOf(await findingOf('blob', path, '--nonces', '2'))).toEqual([]);
    const all = await findingOf('blob', path, '--all-nonces');

    expect(codesOf(all)).toEqual(['NONCE_FOREIGN']);
    expect(all.anomalies[0]?.text).toContain('region 42:');
  });

  it('reports that a key with another id is the wrong one', async () => {
    const { path } = await written('2.0', 10);

    const { verification } = await findingOf('blob', path, ...withKey, '--key-id', 'another');

    expect(verification).toMatchObject({ verified: false, code: 'KEY_NOT_FOUND' });
  });
});

describe('the inspection of blobs written by Python', () => {
  const vectors = casesOf('blob').filter((vector) => storedBytes(vector) !== null);
  let container: ContainerClient;

  beforeAll(async () => {
    container = BlobServiceClient.fromConnectionString(connectionString()).getContainerClient(uniqueName('vectors'));
    await container.create();
  });

  it.each(vectors.map((vector) => [vector.id, vector] as const))('recognizes and verifies %s', async (id, vector) => {
    const bytes = storedBytes(vector)!;
    const { metadata } = vector.stored;
    if (vector.blobType === 'page') {
      const pages = container.getPageBlobClient(id);
      await pages.create(bytes.length, { metadata });
      if (bytes.length > 0) await pages.uploadPages(bytes, 0, bytes.length);
    } else await container.getBlockBlobClient(id).upload(bytes, bytes.length, { metadata });
    const keyArgs = keyArguments(vector, folder);

    const finding = await findingOf('blob', `${container.containerName}/${id}`, ...keyArgs);

    const hasRandomNonces = id === 's-b2-region1000';
    expect(codesOf(finding)).toEqual(hasRandomNonces ? ['NONCE_FOREIGN'] : []);
    expect(finding.facts['protocol']).toBe(vector.protocol);
    expect(finding.verification).toMatchObject(
      hasRandomNonces
        ? { verified: false, code: 'REGION_OUT_OF_ORDER' }
        : { verified: true, plaintextBytes: vector.plaintext.length },
    );
  });
});

describe('a blob that is replaced while it is inspected', () => {
  let proxy: AnswersProxy;
  beforeAll(async () => {
    proxy = await AnswersProxy.start();
  });
  afterAll(() => proxy.close());

  /** Replaces the blob after each of the first answers to a request for its properties. */
  function replacedAfterProperties(name: string, times: number): void {
    let left = times;
    proxy.spoil = ({ request, answer, response }) => {
      if (request.method !== 'HEAD' || left-- <= 0) return false;
      const replacing = containers['2.0'].getBlockBlobClient(name).uploadData(content(200 + left));
      void replacing.finally(() => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      return true;
    };
  }
  const inspectedThere = (name: string) =>
    findingOf(
      'blob',
      `${containers['2.0'].containerName}/${name}`,
      ...['--connection-string', proxy.connectionString],
      ...withKey,
    );

  it.each([
    ['of 2.0', '2.0'],
    ['of 1.0, without nonces', '1.0'],
  ] as const)('is inspected again: %s', async (_what, protocol) => {
    const name = uniqueName('replaced');
    const client = containers['2.0'].unencryptedClient.getBlockBlobClient(name);
    await new EncryptedBlockBlobClient(client, policies[protocol]).uploadData(content(100));
    replacedAfterProperties(name, 1);

    const finding = await inspectedThere(name);

    expect(finding).toMatchObject({ facts: { plaintextBytes: 200, protocol: '2.0' }, anomalies: [] });
    expect(finding.verification).toMatchObject({ verified: true, plaintextBytes: 200 });
  });

  it('fails with 412 if that happens again', async () => {
    const name = uniqueName('replaced');
    await containers['2.0'].getBlockBlobClient(name).uploadData(content(100));
    replacedAfterProperties(name, 9);

    await expect(inspectedThere(name)).rejects.toMatchObject({ statusCode: 412 });
  });
});
