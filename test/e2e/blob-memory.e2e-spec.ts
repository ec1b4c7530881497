import type { BlobServiceClient } from '@azure/storage-blob';
import { CipherThreads, EncryptedBlobService } from 'nestjs-azure-encrypted-storage';
import { processBlocks } from '../../src/blob/block-memory.js';
import { runAll } from '../../src/crypto/byte-transform.js';
import { openEnvelope } from '../../src/envelope/envelope.js';
import { parseEncryptionData } from '../../src/wire/encryption-data.js';
import { content, policyOf } from '../support/blobs.js';
import { type Fault, FaultyBlobStore } from '../support/faulty-blob-store.js';

const KIB = 1024;
/** More than a hundred uploads usually need, and less than they could need at once. */
const KEPT = 4 * 1024 * KIB;
const BLOCK = 64 * KIB;
const LENGTHS = [0, 1, 1000, BLOCK - 100, BLOCK, 100_000, 3 * BLOCK + 7];
const PROTOCOLS = ['1.0', '2.0', '2.1'] as const;
const UPLOADS = 1000;
const AT_ONCE = 100;

let store: FaultyBlobStore;
let service: BlobServiceClient;
const threads = new CipherThreads(1);

beforeAll(async () => {
  store = await FaultyBlobStore.start();
  service = store.serviceClient();
});
afterAll(async () => {
  await threads.close();
  await store.close();
});

const policies = PROTOCOLS.map((protocol) => policyOf(protocol, { regionLength: 50_000 }));
const policyFor = (number: number) => policies[number % policies.length]!;

function containerOf(number: number) {
  const environment = { keptMemory: KEPT, ...(number % 10 === 3 ? { threads } : {}) };
  return new EncryptedBlobService(() => service, policyFor(number), environment).getContainerClient('container');
}

/** The plaintext of a stored blob, decrypted without a request. */
async function openedBlob(name: string, number: number): Promise<Buffer> {
  const { content: stored, encryptionData } = store.blobs.get(name)!;
  const opener = await openEnvelope(policyFor(number), parseEncryptionData(encryptionData), {
    target: { kind: 'blob', account: 'store', container: 'container', blob: name },
    form: 'stream',
    storedLength: stored.length,
  });
  return runAll(opener.open(opener.layout.window({ offset: 0 }, stored.length)), stored);
}

/** One of eleven uploads is aborted. */
const isAborted = (number: number): boolean => number % 11 === 5;
const FAULTS: readonly Fault[] = ['refused early', 'broken in the middle', 'stored and broken'];

it('a thousand uploads, a hundred at once, share memory and never mix up bytes', async () => {
  const abortions = new Map<string, AbortController>();
  const requests = new Map<string, number>();
  let most = 0;
  store.faultOf = (blob, number) => {
    most = Math.max(most, processBlocks.kept);
    const count = (requests.get(blob) ?? 0) + 1;
    requests.set(blob, count);
    if (count === 2) abortions.get(blob)?.abort();
    return number % 8 === 0 ? FAULTS[(number / 8) % FAULTS.length]! : 'none';
  };
  const outcomes = { stored: 0, aborted: 0 };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let number = next++; number < UPLOADS; number = next++) {
      const plaintext = content(LENGTHS[number % LENGTHS.length]!);
      const name = `blob-${number}`;
      const abortion = new AbortController();
      if (isAborted(number)) abortions.set(name, abortion);
      const blob = containerOf(number).getBlockBlobClient(name);
      const options = { blockSize: BLOCK, maxSingleShotSize: BLOCK, concurrency: 1 + (number % 4) };
      try {
        await blob.uploadData(plaintext, { ...options, abortSignal: abortion.signal });
        outcomes.stored += 1;
      } catch (error) {
        expect(error).toMatchObject({ name: 'AbortError' });
        expect(isAborted(number)).toBe(true);
        outcomes.aborted += 1;
        continue;
      }
      const opened = await openedBlob(name, number);
      if (!opened.equals(plaintext)) throw new Error(`${name} holds other bytes`);
      store.blobs.delete(name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));

  expect(outcomes.stored + outcomes.aborted).toBe(UPLOADS);
  expect(outcomes.aborted).toBeGreaterThan(10);
  for (const fault of FAULTS) expect(store.faults.get(fault)).toBeGreaterThan(50);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(KEPT);
}, 60_000);

describe('an upload', () => {
  const upload = (name: string, signal?: AbortSignal) =>
    containerOf(1)
      .getBlockBlobClient(name)
      .uploadData(content(5 * BLOCK), {
        blockSize: BLOCK,
        maxSingleShotSize: BLOCK,
        concurrency: 2,
        abortSignal: signal,
      });

  it('returns its memory when it succeeds, and the next one reuses it', async () => {
    store.faultOf = () => 'none';
    await upload('first');
    const kept = processBlocks.kept;
    expect(kept).toBeGreaterThan(0);

    await upload('second');

    // less if the memory of other tests is freed now
    expect(processBlocks.kept).toBeGreaterThan(0);
    expect(processBlocks.kept).toBeLessThanOrEqual(kept);
  });

  it.each(['failed', 'was aborted'])('that %s returns no memory for reuse', async (how) => {
    store.faultOf = () => 'none';
    await upload('before');
    const abortion = new AbortController();
    let writes = 0;
    const before = processBlocks.kept;
    let during = before;
    store.faultOf = () => {
      during = Math.min(during, processBlocks.kept);
      writes += 1;
      if (how === 'was aborted' && writes === 3) abortion.abort();
      return how === 'failed' && writes >= 3 ? 'refused early' : 'none';
    };

    await expect(upload('broken', abortion.signal)).rejects.toThrow();

    expect(during).toBeLessThan(before);
    expect(processBlocks.kept).toBeLessThanOrEqual(during);
  });
});
