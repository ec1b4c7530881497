/**
 * Checks that known faults of peers with blobs still exist. A test that fails here is good news: see blob-faults.ts.
 */
import {
  content,
  expectSameBytes,
  PAGES,
  partOf,
  peerReads,
  peerWrites,
  type Place,
  RANGED_SIZE,
  REGION,
  SMALL_REGION,
  useContainer,
  weWrite,
  weWritePages,
} from './blob-cases.js';
import {
  hasNoPageBlobs,
  ignoresRegionOrder,
  needsKeyDespiteResolver,
  otherCaseIs,
  sendsRawKeyIds,
  shortPageRanges,
  shortRanges,
  unreadableVersions,
} from './blob-faults.js';
import { describeCell, itIsKnownThat, UNKNOWN_VERSION } from './cells.js';
import { isAscii, KEYS } from './keys.js';
import { BLOB_PEERS, isPython, stopPeersAfterAll } from './peers.js';
import { closeStorageAfterAll, storageOf, type StorageOptions } from './storage.js';

const { newBlob, rename, rawBlob } = useContainer();
stopPeersAfterAll();
closeStorageAfterAll();

function expectShort(part: Buffer, right: Buffer): void {
  expect(part.length).toBeLessThan(right.length);
  expectSameBytes(part, right.subarray(0, part.length));
}

const weRead = async ({ container, blob }: Place, options: StorageOptions = {}): Promise<Buffer> =>
  (await storageOf(options)).blobs.getContainerClient(container).getBlockBlobClient(blob).downloadToBuffer();

for (const peer of BLOB_PEERS) {
  for (const protocol of peer.reads) {
    describeCell({ service: 'blobs', protocol, peer, peerDoes: 'reads' }, () => {
      const whole = content(RANGED_SIZE[protocol]);
      const short = shortRanges(peer, protocol, whole.length);
      if (short.length > 0) {
        itIsKnownThat('a range that ends inside the last 16 bytes comes back short', async () => {
          const place = await weWrite(newBlob(), whole, { protocol });
          for (const range of short)
            expectShort((await peerReads(peer, place, { range })).content, partOf(whole, range));
        });
      }

      if (otherCaseIs(peer, protocol) === 'refused') {
        itIsKnownThat('metadata is found in lower case only', async () => {
          const place = await weWrite(newBlob(), content(100), { protocol });
          await rename(place, 'EncryptionData');
          await expect(peerReads(peer, place)).rejects.toThrow(/Encryption (required|data does not exist)/);
        });
      }

      if (otherCaseIs(peer, protocol) === 'empty') {
        itIsKnownThat('a blob whose metadata has another letter case is read as empty, without an error', async () => {
          const place = await weWrite(newBlob(), content(100), { protocol });
          await rename(place, 'EncryptionData');
          expect((await peerReads(peer, place)).content).toHaveLength(0);
        });
      }

      if (needsKeyDespiteResolver(peer)) {
        itIsKnownThat('if encryption is required, a resolver is not accepted in place of a key', async () => {
          const place = await weWrite(newBlob(), content(100), { protocol });
          await expect(peerReads(peer, place, { resolve: true })).rejects.toThrow('no key was provided');
        });
      }

      if (isPython(peer)) {
        itIsKnownThat(
          'damaged encryption data: ciphertext is returned as data unless encryption is required',
          async () => {
            const place = await weWrite(newBlob(), content(100), { protocol });
            const { metadata } = await rawBlob(place).getProperties();
            const damaged = (metadata?.['encryptiondata'] ?? '').replace(
              /"(ContentEncryptionIV|EncryptedRegionInfo)"/,
              '"x"',
            );
            await rawBlob(place).setMetadata({ encryptiondata: damaged });

            const { content: found } = await peerReads(peer, place, { requireEncryption: false });
            expectSameBytes(found, await rawBlob(place).downloadToBuffer());
            await expect(peerReads(peer, place)).rejects.toThrow('Decryption failed');
          },
        );
      }

      if (isPython(peer) && protocol === '1.0' && peer.generation === 'current') {
        itIsKnownThat('a download in chunks that are not a multiple of 16 bytes fails', async () => {
          const place = await weWrite(newBlob(), content(5000), { protocol });
          const sizes = { singleGet: 1000, chunkGet: 1000 };
          await expect(peerReads(peer, place, { sizes })).rejects.toThrow('not a multiple of the block length');
        });
      }

      if (protocol === '1.0') return;
      const swapped = async () => {
        const region = protocol === '2.1' ? SMALL_REGION : REGION;
        const place = await weWrite(newBlob(), content(2 * region), { protocol });
        const blob = rawBlob(place).getBlockBlobClient();
        const stored = await blob.downloadToBuffer();
        const { metadata } = await blob.getProperties();
        const half = stored.length / 2;
        const changed = Buffer.concat([stored.subarray(half), stored.subarray(0, half)]);
        await blob.uploadData(changed, { ...(metadata === undefined ? {} : { metadata }) });
        return {
          place,
          changed: Buffer.concat([content(2 * region).subarray(region), content(2 * region).subarray(0, region)]),
        };
      };
      if (ignoresRegionOrder(peer)) {
        itIsKnownThat('regions in another order are read without an error', async () => {
          const { place, changed } = await swapped();
          expectSameBytes((await peerReads(peer, place)).content, changed);
        });
      } else {
        it('checks that regions are in our order', async () => {
          const { place } = await swapped();
          await expect(peerReads(peer, place)).rejects.toThrow('may have been modified');
        });
      }
    });
  }

  for (const protocol of peer.writes) {
    describeCell({ service: 'blobs', protocol, peer, peerDoes: 'writes' }, () => {
      if (sendsRawKeyIds(peer)) {
        const [, key] = KEYS.find(([, one]) => !isAscii(one))!;
        itIsKnownThat(
          'a key id that is not ASCII is sent unescaped in a header, and the service refuses it',
          async () => {
            const writing = peerWrites(peer, newBlob(), content(100), { protocol, key });
            await expect(writing).rejects.toThrow(/authenticate the request/);
          },
        );
      }

      if (isPython(peer)) {
        itIsKnownThat(
          'blocks above 4 MiB from a stream are stored as plaintext unless encryption is required',
          async () => {
            const place = newBlob();
            const sizes = { singlePut: REGION, block: REGION + REGION / 4 };
            await peerWrites(peer, place, content(2 * REGION + 1), {
              ...{ protocol, sizes, streamed: true, requireEncryption: false },
            });

            expectSameBytes(await rawBlob(place).downloadToBuffer(), content(2 * REGION + 1));
            await expect(weRead(place)).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });
            expectSameBytes(await weRead(place, { requireEncryption: false }), content(2 * REGION + 1));
          },
        );
      }
    });
  }

  describeCell({ service: 'blobs', protocol: '1.0 pages', peer, peerDoes: 'reads' }, () => {
    if (hasNoPageBlobs(peer)) {
      itIsKnownThat('only block blobs are known: pages are read as if they were padded', async () => {
        const place = await weWritePages(newBlob(), content(1024));
        await expect(peerReads(peer, place)).rejects.toThrow('not properly padded');
      });
    }
    if (isPython(peer)) {
      itIsKnownThat('a range beyond the end of a page blob comes back short', async () => {
        for (const size of PAGES) {
          const place = await weWritePages(newBlob(), content(size));
          for (const range of shortPageRanges(peer, size)) {
            expectShort((await peerReads(peer, place, { pages: true, range })).content, partOf(content(size), range));
          }
        }
      });
    }
  });
}

for (const [peer, protocol] of unreadableVersions) {
  describeCell({ service: 'blobs', protocol, peer, peerDoes: 'reads' }, () => {
    itIsKnownThat('this version is not known: refused if encryption is required', async () => {
      const place = await weWrite(newBlob(), content(100), { protocol });
      await expect(peerReads(peer, place)).rejects.toThrow(UNKNOWN_VERSION);
      if (isPython(peer)) return;
      await expect(peerReads(peer, place, { requireEncryption: false })).rejects.toThrow(UNKNOWN_VERSION);
    });

    if (isPython(peer)) {
      itIsKnownThat(
        'this version is not known: ciphertext is returned as data unless encryption is required',
        async () => {
          const place = await weWrite(newBlob(), content(100), { protocol });
          const { content: found } = await peerReads(peer, place, { requireEncryption: false });
          expectSameBytes(found, await rawBlob(place).downloadToBuffer());
        },
      );
    }
  });
}
