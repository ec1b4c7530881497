import { runAll, type ByteTransform } from '../../src/crypto/byte-transform.js';
import { openEnvelope } from '../../src/envelope/envelope.js';
import { RegionOutOfOrderError } from 'nestjs-azure-encrypted-storage';
import type { ContentOpener } from '../../src/protocol/protocol.js';
import { protocolFor } from '../../src/protocol/registry.js';
import { RegionSealer } from '../../src/protocol/v2/content.js';
import { encryptionDataOf } from '../../src/wire/blob-metadata.js';
import { parseEncryptionData, type EncryptionData } from '../../src/wire/encryption-data.js';
import {
  type BlobCase,
  casesOf,
  contentKeyOf,
  plaintextOf,
  readByDotnet,
  readingPolicy,
  sha256Hex,
  storedBytes,
} from '../support/vectors.js';

const RANDOM_NONCES = 's-b2-region1000';
const REGION = 4 * 1024 * 1024;
const LONG = 1_000_000;
const target = { kind: 'blob', account: 'a', container: 'c', blob: 'b' } as const;
const readBy = readByDotnet('blob');
const cases = [...casesOf('blob'), ...readBy];
const stored = cases.filter((vector) => vector.check !== 'reencrypt' && vector.id !== RANDOM_NONCES);
type Vector = (typeof cases)[number];

const formOf = (vector: BlobCase) => (vector.blobType === 'page' ? ('pages' as const) : ('stream' as const));
const dataOf = (vector: BlobCase): EncryptionData =>
  parseEncryptionData(encryptionDataOf(vector.stored.metadata) ?? '');

async function openerOf(vector: Vector, regionOrder: 'checked' | 'ignored' = 'checked'): Promise<ContentOpener> {
  const storedLength = storedBytes(vector)?.length ?? vector.stored.length;
  const opening = { target, form: formOf(vector), regionOrder, storedLength };
  return openEnvelope(readingPolicy(vector.key, vector), dataOf(vector), opening);
}

function read(opener: ContentOpener, sealed: Buffer, range: { offset: number; count?: number }): Buffer {
  const window = opener.layout.window(range, sealed.length);
  return runAll(opener.open(window), sealed.subarray(window.offset, window.offset + window.count));
}

function inPieces(transform: ByteTransform, sealed: Buffer, length: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < sealed.length; at += length) pieces.push(...transform.push(sealed.subarray(at, at + length)));
  return Buffer.concat([...pieces, ...transform.finish()]);
}

/** How much is read from an offset. Each range of long content needs a region, and another test opens all of it. */
function countsFrom(offset: number, size: number): readonly (number | undefined)[] {
  if (size <= LONG) return [0, 1, 15, 16, 17, 100, size, undefined];
  return offset < REGION - 1 ? [0, 17] : [0, 17, undefined];
}

describe('blobs that another SDK wrote or read', () => {
  it('are all present', () => {
    expect(cases.length).toBeGreaterThan(300);
    expect(stored.length).toBeGreaterThan(290);
  });

  it.each(stored.map((vector) => [vector.id, vector] as const))('%s opens completely', async (_id, vector) => {
    const sealed = storedBytes(vector) as Buffer;

    const plaintext = read(await openerOf(vector), sealed, { offset: 0 });

    expect(plaintext.length).toBe(vector.plaintext.length);
    expect(sha256Hex(plaintext)).toBe(vector.plaintext.sha256);
    expect(plaintext.equals(plaintextOf(vector))).toBe(true);
  });

  it.each(stored.map((vector) => [vector.id, vector] as const))(
    '%s opens as a stream, even byte by byte',
    async (_id, vector) => {
      const sealed = storedBytes(vector) as Buffer;
      const lengths = sealed.length <= 70_000 ? [1, 7, 16, 1000] : [65_536, 100_003];

      for (const length of lengths) {
        const opener = await openerOf(vector);
        const whole = opener.layout.window({ offset: 0 }, sealed.length);
        const plaintext = inPieces(opener.open(whole), sealed, length);
        expect([length, sha256Hex(plaintext)]).toEqual([length, vector.plaintext.sha256]);
      }
    },
  );

  it.each(stored.map((vector) => [vector.id, vector] as const))('%s opens in every range', async (_id, vector) => {
    const sealed = storedBytes(vector) as Buffer;
    const opener = await openerOf(vector);
    const plaintext = plaintextOf(vector);
    const size = plaintext.length;
    const edges = [0, 1, 15, 16, 17, 31, 32, 33, size - 17, size - 16, size - 1, size, size + 1, REGION - 1, REGION];

    const ranges = edges
      .filter((edge) => edge >= 0)
      .flatMap((offset) => countsFrom(offset, size).map((count) => ({ offset, count })));
    expect(ranges.length).toBeGreaterThan(25);
    const wrong = ranges.filter(({ offset, count }) => {
      const end = count === undefined ? undefined : offset + count;
      const range = count === undefined ? { offset } : { offset, count };
      return !read(opener, sealed, range).equals(plaintext.subarray(offset, end));
    });
    expect(wrong).toEqual([]);
  });

  it.each(cases.map((vector) => [vector.id, vector] as const))(
    '%s is sealed again to the same bytes',
    async (_id, vector) => {
      const data = dataOf(vector);
      const key = await contentKeyOf(data, vector.key);
      const sealed = runAll(await sealerLike(vector, key), plaintextOf(vector));

      expect(sha256Hex(sealed)).toBe(vector.stored.sha256 ?? sha256Hex(storedBytes(vector) as Buffer));
    },
  );
});

async function sealerLike(vector: Vector, key: Awaited<ReturnType<typeof contentKeyOf>>): Promise<ByteTransform> {
  const { field } = dataOf(vector);
  if (vector.protocol === '1.0') {
    const iv = Buffer.from(field('ContentEncryptionIV') as string, 'base64');
    return Promise.resolve(
      protocolFor('1.0')
        .sealer(key, { form: formOf(vector), iv })
        .seal(),
    );
  }
  const DataLength = field('EncryptedRegionInfo', 'DataLength') as number;
  const nonces = (region: number): Buffer => nonceOf(vector, region, DataLength + 28);
  return Promise.resolve(new RegionSealer({ key, dataLength: DataLength, nonces, leastRegions: 0 }));
}

/** The nonce that the writer used: listed, or read from the stored bytes. */
function nonceOf(vector: BlobCase, region: number, regionLength: number): Buffer {
  const listed = vector.stored.nonces?.[region];
  if (listed !== undefined) return Buffer.from(listed, 'base64');
  return (storedBytes(vector) as Buffer).subarray(region * regionLength, region * regionLength + 12);
}

describe('a blob whose nonces are not counters', () => {
  const vector = cases.find(({ id }) => id === RANDOM_NONCES) as Vector;

  it('is rejected, and none of it is released', async () => {
    const sealed = storedBytes(vector) as Buffer;
    const opener = await openerOf(vector);
    const transform = opener.open(opener.layout.window({ offset: 0 }, sealed.length));

    expect(() => transform.push(sealed)).toThrow(RegionOutOfOrderError);
  });

  it('is read if the option to ignore the order is set', async () => {
    const opener = await openerOf(vector, 'ignored');

    const plaintext = read(opener, storedBytes(vector) as Buffer, { offset: 0 });

    expect(sha256Hex(plaintext)).toBe(vector.plaintext.sha256);
  });
});

describe('blobs of this package', () => {
  /** The first .NET release that supports each version. */
  const SINCE = { '1.0': '12.10.0', '2.0': '12.17.0', '2.1': '12.26.0' };

  it.each(readBy.map((vector) => [vector.id, vector] as const))('%s was read by .NET', (_id, vector) => {
    const expected = Object.keys(vector.readBy).map((sdk) => {
      const isTooOld = sdk.startsWith('Azure.') && sdk < `Azure.Storage.Blobs ${SINCE[vector.protocol]}`;
      return [sdk, isTooOld ? (expect.stringContaining('Version ID') as unknown) : vector.plaintext.sha256];
    });

    expect(expected.length).toBeGreaterThan(1);
    expect(Object.entries(vector.readBy).map(([sdk, { sha256, error }]) => [sdk, sha256 ?? error])).toEqual(expected);
  });
});
