/** Tables of cases for blobs: sizes at the boundaries of blocks and regions, and ranges across them. */
import { type BlobClient, BlobServiceClient, type BlockBlobParallelUploadOptions } from '@azure/storage-blob';
import { randomUUID } from 'node:crypto';
import { connectionString, uniqueName } from '../../support/azurite.js';
import { content as generated } from '../../support/blobs.js';
import { KEY, type SharedKey } from './keys.js';
import { ask, type Peer, type Protocol } from './peers.js';
import { storageOf, type StorageOptions } from './storage.js';

export const MIB = 1024 * 1024;
export const REGION = 4 * MIB;

/** Bytes of plaintext. */
export const SIZES: Readonly<Record<Protocol, readonly number[]>> = {
  '1.0': [0, 1, 15, 16, 17, 31, 32, 33, 1000, REGION + 1],
  '2.0': [0, 1, 16, 1000, REGION - 1, REGION, REGION + 1, 2 * REGION + 1],
  '2.1': [0, 1, 15, 16, 17, 31, 32, 33, 1000],
};
/** Regions of 2.1, in bytes of plaintext, next to the 16 of most cases. */
export const SMALL_REGION = 16;
export const OTHER_REGIONS = [17, 1000, 4 * MIB, 5 * MIB];
export const PAGES = [512, 1024, 65_536, REGION + 512];

export type Range = readonly [offset: number, count: number];

/** Content for ranges, and ranges that end before its last block. */
export const RANGED_SIZE: Readonly<Record<Protocol, number>> = { '1.0': 1000, '2.0': REGION + 1000, '2.1': 1000 };
const ANYWHERE: readonly Range[] = [
  ...([
    [0, 1],
    [0, 16],
    [0, 17],
    [15, 1],
    [15, 2],
    [16, 1],
    [16, 16],
    [17, 50],
    [31, 33],
    [100, 500],
  ] as const),
  [48, 944],
];
const ACROSS_REGIONS: readonly Range[] = [
  [REGION - 1, 1],
  [REGION - 1, 2],
  [REGION, 1],
  [REGION - 100, 200],
];
export const RANGES: Readonly<Record<Protocol, readonly Range[]>> = {
  '1.0': ANYWHERE,
  '2.0': [...ANYWHERE, ...ACROSS_REGIONS],
  '2.1': ANYWHERE,
};
/** Ranges into the last 16 bytes or beyond the end. */
export const rangesAtTheEnd = (size: number): readonly Range[] => [
  [0, size],
  [size - 1, 1],
  [size - 20, 20],
  [size - 8, 4],
  ...rangesBeyondTheEnd(size),
];
export const rangesBeyondTheEnd = (size: number): readonly Range[] => [
  [size - 5, 1000],
  [0, size + 1000],
];

const made = new Map<number, Buffer>();

/** The same bytes for the same length, created once. */
export function content(length: number): Buffer {
  const bytes = made.get(length) ?? generated(length);
  made.set(length, bytes);
  return bytes;
}

/** The part of the content in a range. */
export const partOf = (whole: Buffer, [offset, count]: Range): Buffer => whole.subarray(offset, offset + count);

export interface Place {
  readonly container: string;
  readonly blob: string;
}

interface Container {
  /** A place for one test. */
  readonly newBlob: () => Place;
  /** The blob as it is stored. */
  readonly rawBlob: (place: Place) => BlobClient;
  /** Gives the entry of the encryption data another letter case. */
  readonly rename: (place: Place, entry: string) => Promise<void>;
}

/** A container for the tests of a file. */
export function useContainer(): Container {
  const container = uniqueName('live');
  const service = BlobServiceClient.fromConnectionString(connectionString());
  const rawBlob = (place: Place): BlobClient => service.getContainerClient(place.container).getBlobClient(place.blob);
  beforeAll(async () => {
    await service.getContainerClient(container).create();
  });
  return {
    newBlob: () => ({ container, blob: randomUUID() }),
    rawBlob,
    rename: async (place, entry) => {
      const { metadata } = await rawBlob(place).getProperties();
      await rawBlob(place).setMetadata({ [entry]: metadata?.['encryptiondata'] ?? '' });
    },
  };
}

/** This package writes; regions of 2.1 are small unless the options say otherwise. */
export async function weWrite(
  place: Place,
  bytes: Buffer,
  options: StorageOptions,
  upload: BlockBlobParallelUploadOptions = {},
): Promise<Place> {
  const regions = options.protocol === '2.1' ? { regionLength: SMALL_REGION } : {};
  const { blobs } = await storageOf({ ...regions, ...options });
  await blobs.getContainerClient(place.container).getBlockBlobClient(place.blob).uploadData(bytes, upload);
  return place;
}

export async function weWritePages(place: Place, bytes: Buffer): Promise<Place> {
  const { blobs } = await storageOf({ protocol: '1.0' });
  await blobs.getContainerClient(place.container).getPageBlobClient(place.blob).uploadData(bytes);
  return place;
}

export interface PeerBlobOptions {
  readonly key?: Pick<SharedKey, 'theirs'>;
  readonly resolve?: boolean;
  readonly requireEncryption?: boolean;
  readonly protocol?: Protocol;
  readonly regionLength?: number;
  readonly pages?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Bytes: `singlePut`, `block`, `page`, `singleGet`, `chunkGet`. */
  readonly sizes?: Readonly<Record<string, number>>;
  readonly streamed?: boolean;
}

export async function peerWrites(peer: Peer, place: Place, bytes: Buffer, options: PeerBlobOptions): Promise<void> {
  await ask(peer, 'blob.write', { ...place, ...theirs(options), content: bytes.toString('base64') });
}

export async function peerReads(
  peer: Peer,
  place: Place,
  options: PeerBlobOptions & { readonly range?: Range } = {},
): Promise<{ readonly content: Buffer; readonly metadata: Readonly<Record<string, string>> }> {
  const [offset, count] = options.range ?? [];
  const answer = await ask<{ content: string; metadata: Record<string, string> }>(peer, 'blob.read', {
    ...place,
    ...theirs(options),
    ...(offset === undefined ? {} : { offset, count }),
  });
  return { content: Buffer.from(answer.content, 'base64'), metadata: answer.metadata };
}

const theirs = ({ key = KEY, ...options }: PeerBlobOptions): object => ({ ...options, key: key.theirs });

/** A failed comparison of megabytes shows their lengths, not their content. */
export function expectSameBytes(found: Uint8Array, expected: Uint8Array): void {
  expect([found.length, Buffer.compare(found, expected)]).toEqual([expected.length, 0]);
}
