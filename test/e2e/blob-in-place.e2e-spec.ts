/** Downloads of 1.0 with integrity entries into the caller's memory, which holds the unverified ciphertext. */
import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
import { containersFor, content, policyOf } from '../support/blobs.js';

const KIB = 1024;
/** Lengths around an AES block (16 bytes) and around a part of the download. */
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 200_000];
const PART = 64 * KIB;
const BEYOND = 40;

let blobs: EncryptedContainerClient;

beforeAll(async () => {
  [blobs] = await containersFor(policyOf('1.0'));
});

it.each(LENGTHS)('writes exactly %i bytes to a larger buffer', async (length) => {
  const blob = blobs.getBlockBlobClient(`whole-${length}`);
  await blob.uploadData(content(length));
  const buffer = Buffer.alloc(length + BEYOND, 'x');

  const read = await blob.downloadToBuffer(buffer, 0, undefined, { blockSize: PART, concurrency: 3 });

  expect(read.equals(content(length))).toBe(true);
  expect(buffer.subarray(0, length).equals(content(length))).toBe(true);
  expect(buffer.subarray(length)).toEqual(Buffer.alloc(BEYOND, 'x'));
});

it.each(LENGTHS)('leaves neither plaintext nor ciphertext of %i changed bytes in the buffer', async (length) => {
  const blob = blobs.getBlockBlobClient(`changed-${length}`);
  await blob.uploadData(content(length));
  const { metadata } = await blob.unencryptedClient.getProperties();
  const stored = await blob.unencryptedClient.downloadToBuffer();
  stored[0]! ^= 1;
  await blob.unencryptedClient.upload(stored, stored.length, { metadata });
  const buffer = Buffer.alloc(length + BEYOND, 'x');

  const reading = blob.downloadToBuffer(buffer, 0, undefined, { blockSize: PART, concurrency: 3 });

  await expect(reading).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
  expect(buffer.subarray(0, length)).toEqual(Buffer.alloc(length));
  expect(buffer.subarray(length)).toEqual(Buffer.alloc(BEYOND, 'x'));
});
