/**
 * A separate process for blob-long-streams.e2e-spec.ts, whose heap contains little else to collect: it uploads and
 * downloads contents of two lengths, and prints the maximum number of bytes in use. Arguments: the folder of the
 * compiled package, and the settings of the test as JSON.
 */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';

const [folder, said] = process.argv.slice(2);
const { connectionString, container, lengths } = JSON.parse(said);
const { AesKeyEncryptionKey, EncryptedBlobService } = await import(pathToFileURL(join(folder, 'core.js')).href);

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'a chunk of a long stream. ');
/** Bytes between two memory measurements. */
const STRIDE = 8 * MIB;

/**
 * Collects until nothing more is freed: the memory of buffers is freed in the background, after the collection that
 * finds them.
 */
async function inUse() {
  for (let least = Infinity; ;) {
    globalThis.gc();
    await nextTurn();
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external >= least) return least;
    least = heapUsed + external;
  }
}

/** The maximum number of bytes in use after garbage collection. */
class Peak {
  most = 0;
  passed = 0;

  async pass(bytes) {
    this.passed += bytes;
    if (this.passed % STRIDE >= bytes) return;
    this.most = Math.max(this.most, await inUse());
  }
}

async function* chunksOf(length, peak) {
  for (let at = 0; at < length; at += CHUNK.length) {
    await peak.pass(CHUNK.length);
    yield CHUNK;
  }
}

const key = AesKeyEncryptionKey.generate('streams');
const service = BlobServiceClient.fromConnectionString(connectionString);
const blobUnder = (integrity, length) =>
  new EncryptedBlobService(() => service, {
    protocol: '1.0',
    keyEncryptionKey: key,
    requireEncryption: true,
    integrity,
  })
    .getContainerClient(container)
    .getBlockBlobClient(String(length));

async function uploaded(length) {
  const peak = new Peak();
  await blobUnder('verify', length).uploadStream(Readable.from(chunksOf(length, peak)), MIB, 2);
  return peak.most;
}

async function downloaded(integrity, length) {
  const peak = new Peak();
  let count = 0;
  const { readableStreamBody } = await blobUnder(integrity, length).download();
  for await (const piece of readableStreamBody) {
    await peak.pass(piece.length);
    count += piece.length;
  }
  if (count !== length) throw new Error(`${count} bytes arrived instead of ${length}`);
  return peak.most;
}

/** Sequentially, with the shorter content first. */
async function peaksOf(work) {
  const peaks = [];
  for (const length of lengths) peaks.push(await work(length));
  return peaks;
}

const upload = await peaksOf(uploaded);
const verify = await peaksOf((length) => downloaded('verify', length));
const require = await peaksOf((length) => downloaded('require', length));
process.stdout.write(JSON.stringify({ upload, verify, require }));
