/** What a stream holds does not grow with its content, where one tag covers all of the ciphertext (1.0 with integrity entries). */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
import { processBlocks } from '../../src/blob/block-memory.js';
import { containersFor, policyOf } from '../support/blobs.js';

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'a chunk of a long stream. ');
/** Both are longer than what waits in memory for its tag. */
const LENGTHS = { long: 16 * MIB, longer: 64 * MIB } as const;
const NAMES = Object.keys(LENGTHS) as (keyof typeof LENGTHS)[];
/** Bytes between two looks at the memory: each goes through the heap of all suites of the worker. */
const STRIDE = 16 * MIB;
/** Buffers of sockets, of the test, and what the collector has not reached. Content that was held would be 48 MiB more. */
const TOLERANCE = 24 * MIB;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects until nothing more goes: the memory of buffers is freed in the background, after the collection that finds them. */
async function inUse(): Promise<number> {
  for (let least = Infinity; ;) {
    collect();
    await nextTurn();
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external >= least) return least;
    least = heapUsed + external;
  }
}

/** Bytes that are in use once everything that can go has gone, at the most. */
class Peak {
  most = 0;
  private passed = 0;

  async pass(bytes: number): Promise<void> {
    this.passed += bytes;
    if (this.passed % STRIDE >= bytes) return;
    this.most = Math.max(this.most, await inUse());
  }
}

async function* chunksOf(length: number, peak: Peak): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; at += CHUNK.length) {
    await peak.pass(CHUNK.length);
    yield CHUNK;
  }
}

async function uploaded(blobs: EncryptedContainerClient, name: keyof typeof LENGTHS): Promise<number> {
  const peak = new Peak();
  await blobs.getBlockBlobClient(name).uploadStream(Readable.from(chunksOf(LENGTHS[name], peak)), MIB, 2);
  return peak.most;
}

async function downloaded(blobs: EncryptedContainerClient, name: keyof typeof LENGTHS): Promise<number> {
  const peak = new Peak();
  let length = 0;
  const { readableStreamBody } = await blobs.getBlockBlobClient(name).download();
  for await (const piece of readableStreamBody ?? []) {
    await peak.pass((piece as Buffer).length);
    length += (piece as Buffer).length;
  }
  expect(length).toBe(LENGTHS[name]);
  return peak.most;
}

let verifying: EncryptedContainerClient;
let requiring: EncryptedContainerClient;

beforeAll(async () => {
  [verifying, requiring] = (await containersFor(
    policyOf('1.0'),
    policyOf('1.0', { integrity: 'require' }),
  )) as readonly [EncryptedContainerClient, EncryptedContainerClient];
});
afterAll(() => {
  processBlocks.reset();
});

it('an upload of 64 MiB holds no more than one of 16', async () => {
  const [long, longer] = [await uploaded(verifying, NAMES[0]!), await uploaded(verifying, NAMES[1]!)];

  expect(longer - long).toBeLessThan(TOLERANCE);
}, 120_000);

it.each([
  ['verify', () => verifying],
  ['require', () => requiring],
] as const)(
  'a download of 64 MiB under "%s" holds no more than one of 16',
  async (_mode, blobs) => {
    const [long, longer] = [await downloaded(blobs(), NAMES[0]!), await downloaded(blobs(), NAMES[1]!)];

    expect(longer - long).toBeLessThan(TOLERANCE);
  },
  120_000,
);
