/**
 * Two writers share a nonce: region 65,535 of this package and region 256 of Java. The tests move regions to where the
 * other writer's would be, in content with and without integrity entries, and read them in every way.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EncryptedBlockBlobClient,
  type EncryptedContainerClient,
  isEncryptedStorageError,
} from 'nestjs-azure-encrypted-storage';
import { generateContentKey, importContentKey } from '../../src/crypto/content-key.js';
import { RegionSealer } from '../../src/protocol/v2/content.js';
import { bigEndian64, bigEndian96, littleEndianFromOne, type NonceScheme } from '../../src/protocol/v2/nonce.js';
import { protocolV21 } from '../../src/protocol/v2/index.js';
import { ENCRYPTION_DATA_ENTRY } from '../../src/wire/blob-metadata.js';
import { formatEncryptionData } from '../../src/wire/encryption-data.js';
import { bytesFrom, containersFor, content, policyOf, testKey } from '../support/blobs.js';

const REGION = 16;
const FRAME = REGION + 28;
const REGIONS = 65_537;
/** Our region 65,535 has the nonce that Java uses for region 256. */
const [EARLY, LATE] = [256, 65_535];
const plaintext = content(REGIONS * REGION);

/** The stored bytes, and the encryption data next to them. */
interface Stored {
  readonly text: string;
  readonly sealed: Buffer;
}

async function sealedBy(nonces: NonceScheme): Promise<Stored> {
  const bytes = generateContentKey();
  const wrappedKey = await testKey.wrapKey(protocolV21.packKey(bytes));
  const sealer = new RegionSealer({ key: importContentKey(bytes), dataLength: REGION, nonces, leastRegions: 0 });
  const sealed = Buffer.concat([...sealer.push(plaintext), ...sealer.finish()]);
  const text = formatEncryptionData(
    {
      wrappedKey: { ...wrappedKey, keyId: testKey.keyId },
      protocol: '2.1',
      algorithm: 'AES_GCM_256',
      fields: { EncryptedRegionInfo: { DataLength: REGION, NonceLength: 12 } },
      additions: new Map(),
    },
    'blob',
  );
  return { text, sealed };
}

/** Copies one region over another and keeps at most `regions`. */
function moved({ text, sealed }: Stored, from: number, to: number, regions = REGIONS): Stored {
  const changed = Buffer.from(sealed);
  sealed.copy(changed, to * FRAME, from * FRAME, (from + 1) * FRAME);
  return { text, sealed: changed.subarray(0, regions * FRAME) };
}

/** Changes only the nonce of region 0, before any tag is verified. */
function withFirstNonce({ text, sealed }: Stored, nonces: NonceScheme): Stored {
  const changed = Buffer.from(sealed);
  nonces(0).copy(changed);
  return { text, sealed: changed };
}

let container: EncryptedContainerClient;
let [ours, java, python]: Stored[] = [];
let folder: string;

beforeAll(async () => {
  [container] = await containersFor(policyOf('2.1', { regionLength: REGION }));
  [ours, java, python] = await Promise.all([littleEndianFromOne, bigEndian64, bigEndian96].map(sealedBy));
  folder = await mkdtemp(join(tmpdir(), 'regions-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Blob = EncryptedBlockBlobClient;

const alreadyStored = new Map<string, Promise<Blob>>();

/** Stores each name once and reuses it for every way of reading, since nothing changes it. */
function stored(name: string, contentOf: () => Stored): Promise<Blob> {
  const blob = alreadyStored.get(name) ?? store(name, contentOf());
  alreadyStored.set(name, blob);
  return blob;
}

async function store(name: string, { text, sealed }: Stored): Promise<Blob> {
  const blob = container.getBlockBlobClient(name);
  await blob.unencryptedClient.uploadData(sealed, { metadata: { [ENCRYPTION_DATA_ENTRY]: text } });
  return blob;
}

/** Passes every released piece to `give`. */
type Read = (
  blob: Blob,
  range: readonly [offset: number, count: number],
  give: (bytes: Buffer) => void,
) => Promise<void>;
const ways: Readonly<Record<string, Read>> = {
  stream: async (blob, range, give) => {
    const { readableStreamBody } = await blob.download(...range);
    for await (const piece of readableStreamBody ?? []) give(piece as Buffer);
  },
  buffer: async (blob, range, give) => {
    const destination = Buffer.alloc(range[1]);
    await blob.downloadToBuffer(destination, ...range).finally(() => {
      if (destination.some((byte) => byte !== 0)) give(destination);
    });
  },
  'buffer in parts': async (blob, range, give) => {
    give(await blob.downloadToBuffer(...range, { blockSize: REGION, concurrency: 4 }));
  },
  file: async (blob, range, give) => {
    const path = join(folder, 'file');
    await rm(path, { force: true });
    await blob.downloadToFile(path, ...range).finally(async () => {
      const written = await readFile(path).catch(() => Buffer.alloc(0));
      if (written.length > 0) give(written);
    });
  },
};

async function outcome(read: Read, blob: Blob, range: readonly [number, number]) {
  const released: Buffer[] = [];
  const code = await read(blob, range, (piece) => released.push(Buffer.from(piece))).then(
    () => 'none',
    (error: unknown) => (isEncryptedStorageError(error) ? error.code : String(error)),
  );
  return { code, released: Buffer.concat(released) };
}

describe.each(Object.entries(ways))('a range read as a %s', (_way, read) => {
  it.each([
    ['ours', EARLY],
    ['ours', LATE],
    ['ours', LATE - 1],
    ['Java', EARLY],
    ['Java', LATE],
    ['Java', 1],
    ['Python', EARLY],
    ['Python', LATE],
  ])('returns what was written by %s at region %d', async (writer, region) => {
    const blob = await stored(`honest-${writer}`, () => ({ ours, Java: java, Python: python })[writer] as Stored);

    for (const regions of [1, 2]) {
      const range = [region * REGION, regions * REGION] as const;
      const { code, released } = await outcome(read, blob, range);

      expect(code).toBe('none');
      expect(released.equals(plaintext.subarray(range[0], range[0] + range[1]))).toBe(true);
    }
  });

  it.each([
    ['our late region in the early place', () => moved(ours!, LATE, EARLY), EARLY],
    ['our late region, with the rest cut off', () => moved(ours!, LATE, EARLY, EARLY + 1), EARLY],
    ["Java's early region in the late place", () => moved(java!, EARLY, LATE), LATE],
    ["our late region under Java's first nonce", () => withFirstNonce(moved(ours!, LATE, EARLY), bigEndian64), EARLY],
    [
      "Java's early region under our first nonce",
      () => withFirstNonce(moved(java!, EARLY, LATE), littleEndianFromOne),
      LATE,
    ],
    ['our late region in the early and the first place', () => moved(moved(ours!, LATE, EARLY), LATE, 0), EARLY],
  ])('releases nothing of %s', async (what, tampered, region) => {
    const blob = await stored(`swapped-${what.replace(/\W/g, '-')}`, tampered);

    for (const regions of region === EARLY ? [1, 1.5] : [1]) {
      const { code, released } = await outcome(read, blob, [region * REGION, regions * REGION]);

      expect(['REGION_OUT_OF_ORDER', 'DECRYPTION_FAILED']).toContain(code);
      expect(released).toHaveLength(0);
    }
  });
});

describe('content with integrity entries', () => {
  let whole: Stored;

  beforeAll(async () => {
    const blob = container.getBlockBlobClient('entries');
    await blob.uploadData(plaintext);
    const { metadata } = await blob.unencryptedClient.getProperties();
    whole = { text: metadata![ENCRYPTION_DATA_ENTRY]!, sealed: await blob.unencryptedClient.downloadToBuffer() };
  });

  it.each(Object.entries(ways))(
    'releases nothing of our late region in the early place as a %s',
    async (_way, read) => {
      const blob = await stored('entries-swapped', () => moved(whole, LATE, EARLY));

      const swapped = await outcome(read, blob, [EARLY * REGION, REGION]);
      const late = await outcome(read, blob, [LATE * REGION, REGION]);

      expect([swapped.code, swapped.released.length]).toEqual(['REGION_OUT_OF_ORDER', 0]);
      expect([late.code, late.released.equals(plaintext.subarray(LATE * REGION, (LATE + 1) * REGION))]).toEqual([
        'none',
        true,
      ]);
    },
  );

  it('needs no other region to determine the byte order', async () => {
    const ranges: unknown[] = [];
    const record = (message: unknown): void => {
      const { request } = message as { request: ClientRequest };
      if (request.path.endsWith('/entries')) ranges.push(request.getHeader('x-ms-range'));
    };

    subscribe('http.client.request.start', record);
    await bytesFrom((await container.getBlockBlobClient('entries').download(LATE * REGION, REGION)).readableStreamBody);
    unsubscribe('http.client.request.start', record);

    expect(ranges).toEqual([`bytes=${LATE * FRAME}-${(LATE + 1) * FRAME - 1}`]);
  });
});

it.each([
  ['our region that could be one of Java’s', LATE, [LATE, 0]],
  ['the next', LATE - 1, [LATE - 1]],
])('fetches region 0 for %s, under the same ETag', async (_what, region, fetched) => {
  const blob = await stored(`requests-${region}`, () => ours!);
  const requests: ClientRequest[] = [];
  const record = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    if (request.path.endsWith(`/requests-${region}`)) requests.push(request);
  };

  subscribe('http.client.request.start', record);
  await bytesFrom((await blob.download(region * REGION, REGION)).readableStreamBody);
  unsubscribe('http.client.request.start', record);

  const { etag } = await blob.unencryptedClient.getProperties();
  expect(requests.map((request) => request.getHeader('x-ms-range'))).toEqual(
    fetched.map((at) => `bytes=${at * FRAME}-${(at + 1) * FRAME - 1}`),
  );
  expect(requests.slice(1).map((request) => request.getHeader('if-match'))).toEqual(fetched.slice(1).map(() => etag));
});

it('fetches region 0 once for all parts of a download', async () => {
  const blob = await stored('parts', () => java!);
  const ranges: unknown[] = [];
  const record = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    if (request.path.endsWith('/parts')) ranges.push(request.getHeader('x-ms-range'));
  };

  subscribe('http.client.request.start', record);
  await blob.downloadToBuffer(EARLY * REGION, 20 * REGION, { blockSize: REGION, concurrency: 4 });
  unsubscribe('http.client.request.start', record);

  expect(ranges).toHaveLength(21);
  expect(ranges.filter((range) => range === `bytes=0-${FRAME - 1}`)).toHaveLength(1);
});
