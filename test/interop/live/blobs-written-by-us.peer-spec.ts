/** Blobs that this package wrote, read by a peer. */
import {
  content,
  expectSameBytes,
  OTHER_REGIONS,
  PAGES,
  partOf,
  peerReads,
  peerWrites,
  RANGED_SIZE,
  RANGES,
  rangesAtTheEnd,
  SIZES,
  useContainer,
  weWrite,
  weWritePages,
} from './blob-cases.js';
import {
  hasNoPageBlobs,
  needsKeyDespiteResolver,
  otherCaseIs,
  shortPageRanges,
  shortRanges,
  withoutRanges,
} from './blob-faults.js';
import { describeCell } from './cells.js';
import { KEYS, OTHER_KEY } from './keys.js';
import { BLOB_PEERS, isPython, stopPeersAfterAll } from './peers.js';
import { closeStorageAfterAll, storageOf } from './storage.js';

const { newBlob, rename } = useContainer();
stopPeersAfterAll();
closeStorageAfterAll();

for (const peer of BLOB_PEERS) {
  for (const protocol of peer.reads) {
    describeCell({ service: 'blobs', protocol, peer, peerDoes: 'reads' }, () => {
      it.each(SIZES[protocol])('%i bytes', async (size) => {
        const place = await weWrite(newBlob(), content(size), { protocol });

        expectSameBytes((await peerReads(peer, place)).content, content(size));
      });

      it('blocks of a size that is not a multiple of a region', async () => {
        const upload = { maxSingleShotSize: 0, blockSize: 4097 };
        const place = await weWrite(newBlob(), content(100_000), { protocol }, upload);

        expectSameBytes((await peerReads(peer, place)).content, content(100_000));
      });

      if (isPython(peer)) {
        it('in chunks of its download', async () => {
          const place = await weWrite(newBlob(), content(5000), { protocol });
          const sizes = { singleGet: 1024, chunkGet: 1024 };

          expectSameBytes((await peerReads(peer, place, { sizes })).content, content(5000));
        });
      }

      it('every range', async () => {
        const whole = content(RANGED_SIZE[protocol]);
        const place = await weWrite(newBlob(), whole, { protocol });
        const ranges = [...RANGES[protocol], ...rangesAtTheEnd(whole.length)];

        for (const range of withoutRanges(ranges, shortRanges(peer, protocol, whole.length))) {
          const { content: part } = await peerReads(peer, place, { range });
          expect([range, part.equals(partOf(whole, range))]).toEqual([range, true]);
        }
      });

      it.each(KEYS)('under %s', async (_what, key) => {
        const place = await weWrite(newBlob(), content(100), { protocol, key });

        expectSameBytes((await peerReads(peer, place, { key })).content, content(100));
      });

      it('with the key found by its id', async () => {
        const place = await weWrite(newBlob(), content(100), { protocol });
        const requireEncryption = !needsKeyDespiteResolver(peer);

        expectSameBytes((await peerReads(peer, place, { resolve: true, requireEncryption })).content, content(100));
      });

      it('in a client that lets plaintext through', async () => {
        const place = await weWrite(newBlob(), content(100), { protocol });

        expectSameBytes((await peerReads(peer, place, { requireEncryption: false })).content, content(100));
      });

      it('next to metadata of its user', async () => {
        const place = await weWrite(newBlob(), content(100), { protocol }, { metadata: { department: 'cardiology' } });

        const { content: found, metadata } = await peerReads(peer, place);

        expect(metadata).toMatchObject({ department: 'cardiology' });
        expectSameBytes(found, content(100));
      });

      if (peer.writes.includes(protocol)) {
        it('its own blob after we rewrapped the key', async () => {
          const place = newBlob();
          await peerWrites(peer, place, content(100), { protocol });
          const { blobs } = await storageOf();
          const client = blobs.getContainerClient(place.container).getBlockBlobClient(place.blob);
          await client.rewrapKey({ keyEncryptionKey: OTHER_KEY.ours });

          expectSameBytes((await peerReads(peer, place, { key: OTHER_KEY })).content, content(100));
        });
      }

      if (otherCaseIs(peer, protocol) === 'read') {
        it.each(['EncryptionData', 'ENCRYPTIONDATA'])('with its metadata as %s', async (name) => {
          const place = await weWrite(newBlob(), content(100), { protocol });
          await rename(place, name);

          expectSameBytes((await peerReads(peer, place)).content, content(100));
        });
      }

      if (protocol !== '2.1') return;
      it.each(OTHER_REGIONS)('regions of %i bytes', async (regionLength) => {
        const whole = content(2 * regionLength + 3);
        const place = await weWrite(newBlob(), whole, { protocol, regionLength });

        expectSameBytes((await peerReads(peer, place)).content, whole);
      });
    });
  }

  if (hasNoPageBlobs(peer)) continue;
  describeCell({ service: 'blobs', protocol: '1.0 pages', peer, peerDoes: 'reads' }, () => {
    it.each(PAGES)('%i bytes, whole and in ranges', async (size) => {
      const whole = content(size);
      const place = await weWritePages(newBlob(), whole);
      const ranges = [[0, 1], [17, 50], [500, 12], ...rangesAtTheEnd(size)] as const;

      expectSameBytes((await peerReads(peer, place, { pages: true })).content, whole);
      for (const range of withoutRanges(ranges, shortPageRanges(peer, size))) {
        const { content: part } = await peerReads(peer, place, { pages: true, range });
        expect([range, part.equals(partOf(whole, range))]).toEqual([range, true]);
      }
    });
  });
}
