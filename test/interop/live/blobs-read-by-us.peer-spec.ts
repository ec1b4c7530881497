/** Blobs that a peer wrote, read by this package. */
import { bytesFrom } from '../../support/blobs.js';
import {
  content,
  expectSameBytes,
  OTHER_REGIONS,
  PAGES,
  partOf,
  type PeerBlobOptions,
  peerWrites,
  type Place,
  RANGED_SIZE,
  RANGES,
  rangesAtTheEnd,
  SIZES,
  SMALL_REGION,
  useContainer,
} from './blob-cases.js';
import { hasNoPageBlobs, sendsRawKeyIds } from './blob-faults.js';
import { describeCell } from './cells.js';
import { isAscii, KEYS } from './keys.js';
import { BLOB_PEERS, type Protocol, stopPeersAfterAll } from './peers.js';
import { closeStorageAfterAll, storageOf, type StorageOptions } from './storage.js';

const { newBlob, rename } = useContainer();
stopPeersAfterAll();
closeStorageAfterAll();

async function clientOf({ container, blob }: Place, options: StorageOptions = {}) {
  return (await storageOf(options)).blobs.getContainerClient(container).getBlockBlobClient(blob);
}

const writingOptions = (protocol: Protocol): PeerBlobOptions =>
  protocol === '2.1' ? { protocol, regionLength: SMALL_REGION } : { protocol };

for (const peer of BLOB_PEERS) {
  for (const protocol of peer.writes) {
    const written = async (bytes: Buffer, options: PeerBlobOptions = {}): Promise<Place> => {
      const place = newBlob();
      await peerWrites(peer, place, bytes, { ...writingOptions(protocol), ...options });
      return place;
    };

    describeCell({ service: 'blobs', protocol, peer, peerDoes: 'writes' }, () => {
      it.each(SIZES[protocol])('%i bytes, into memory and as a stream', async (size) => {
        const client = await clientOf(await written(content(size)));

        expectSameBytes(await client.downloadToBuffer(), content(size));
        expectSameBytes(await bytesFrom((await client.download()).readableStreamBody), content(size));
      });

      it('blocks of a size that is not a multiple of a region', async () => {
        const place = await written(content(1_200_000), { sizes: { singlePut: 1024 * 1024, block: 100_000 } });

        expectSameBytes(await (await clientOf(place)).downloadToBuffer(), content(1_200_000));
      });

      it('every range', async () => {
        const whole = content(RANGED_SIZE[protocol]);
        const client = await clientOf(await written(whole));

        for (const range of [...RANGES[protocol], ...rangesAtTheEnd(whole.length)]) {
          const part = await client.downloadToBuffer(...range);
          expect([range, part.equals(partOf(whole, range))]).toEqual([range, true]);
        }
      });

      const keys = KEYS.filter(([, key]) => isAscii(key) || !sendsRawKeyIds(peer));
      it.each(keys)('under %s', async (_what, key) => {
        const client = await clientOf(await written(content(100), { key }), { key });

        expectSameBytes(await client.downloadToBuffer(), content(100));
      });

      it('with the key found by its id', async () => {
        const client = await clientOf(await written(content(100)), { resolved: true });

        expectSameBytes(await client.downloadToBuffer(), content(100));
      });

      it('in a module that lets plaintext through', async () => {
        const client = await clientOf(await written(content(100)), { requireEncryption: false });

        expectSameBytes(await client.downloadToBuffer(), content(100));
      });

      it.each(['EncryptionData', 'ENCRYPTIONDATA'])('with its metadata as %s', async (name) => {
        const place = await written(content(100));
        await rename(place, name);

        expectSameBytes(await (await clientOf(place)).downloadToBuffer(), content(100));
      });

      it('next to metadata of its user', async () => {
        const place = await written(content(100), { metadata: { department: 'cardiology' } });
        const client = await clientOf(place);

        expect((await client.getProperties()).metadata).toMatchObject({ department: 'cardiology' });
        expectSameBytes(await client.downloadToBuffer(), content(100));
      });

      if (protocol !== '2.1') return;
      it.each(OTHER_REGIONS)('regions of %i bytes', async (regionLength) => {
        const whole = content(2 * regionLength + 3);
        const place = await written(whole, { regionLength });

        expectSameBytes(await (await clientOf(place)).downloadToBuffer(), whole);
      });
    });
  }

  if (hasNoPageBlobs(peer)) continue;
  describeCell({ service: 'blobs', protocol: '1.0 pages', peer, peerDoes: 'writes' }, () => {
    it.each(PAGES)('%i bytes, whole and in ranges', async (size) => {
      const place = newBlob();
      const whole = content(size);
      await peerWrites(peer, place, whole, { protocol: '1.0', pages: true });
      const client = (await storageOf()).blobs.getContainerClient(place.container).getPageBlobClient(place.blob);

      expectSameBytes(await client.downloadToBuffer(), whole);
      for (const range of [[0, 1], [17, 50], [500, 12], ...rangesAtTheEnd(size)] as const) {
        const part = await client.downloadToBuffer(...range);
        expect([range, part.equals(partOf(whole, range))]).toEqual([range, true]);
      }
    });
  });
}
