/** Blobs that the tests store and check directly, bypassing the proxy. */
import type { EncryptedBlockBlobClient, EncryptedPageBlobClient } from 'nestjs-azure-encrypted-storage';
import { describe, type Finding, isTyped, lost, same, wrong } from '../outcome.js';
import { CONTAINER, policyOf, type Storage } from '../storage.js';
import type { Ground } from './operation.js';

/** Bytes in a block; contents in these tests have several blocks. */
export const BLOCK_LENGTH = 64 * 1024;
export const IN_BLOCKS = { blockSize: BLOCK_LENGTH, maxSingleShotSize: BLOCK_LENGTH };
const PAGE_LENGTH = 512;
/** Bytes in a region of 2.0. */
const LARGE_REGION = 4 * 1024 * 1024;

export const blockBlob = ({ protocol, name }: Ground, storage: Storage): EncryptedBlockBlobClient =>
  storage.blobs(policyOf(protocol)).getContainerClient(CONTAINER).getBlockBlobClient(name);

export const pageBlob = ({ name }: Ground, storage: Storage): EncryptedPageBlobClient =>
  storage.blobs(policyOf('1.0')).getContainerClient(CONTAINER).getPageBlobClient(name);

/** From empty to several blocks. */
export function someContent({ random }: Ground): Buffer {
  const length = random.chance(0.1) ? random.between(0, 17) : random.between(1, 5 * BLOCK_LENGTH);
  return random.bytes(length);
}

/** Several regions in every protocol, occasionally. */
export function contentToRead(ground: Ground): Buffer {
  const { protocol, random } = ground;
  return protocol === '2.0' && random.chance(0.3) ? random.bytes(LARGE_REGION + 100_000) : someContent(ground);
}

/** Full pages, sometimes slightly more than the 4 MiB of one request. */
export function somePages({ random }: Ground): Buffer {
  const pages = random.chance(0.3) ? random.between(8193, 9000) : random.between(1, 200);
  return random.bytes(pages * PAGE_LENGTH);
}

export interface Contents {
  /** Undefined if there was no blob. */
  readonly before: Buffer | undefined;
  readonly after: Buffer;
  readonly succeeded: boolean;
}

/** A block blob appears completely or stays unchanged. */
export async function judgeBlock(ground: Ground, { before, after, succeeded }: Contents): Promise<Finding | undefined> {
  const client = blockBlob(ground, ground.direct);
  if (!(await client.exists())) return before === undefined && !succeeded ? undefined : lost('the blob is gone');
  const found = await client.downloadToBuffer().catch((error: unknown) => error);
  if (!Buffer.isBuffer(found)) return lost(`the blob cannot be read: ${describe(found)}`);
  if (same(found, after)) return undefined;
  if (before !== undefined && same(found, before)) return succeeded ? wrong('success, but the old content') : undefined;
  return wrong(`neither the old content nor the new one: ${found.length} bytes`);
}

/**
 * A page blob is old, new, or fails to be read, whether or not encryption is required; a snapshot then has the old
 * content.
 */
export async function judgePages(ground: Ground, contents: Contents): Promise<Finding | undefined> {
  const seen = await Promise.all([readPages(ground, true), readPages(ground, false)]);
  for (const found of seen) {
    if (!Buffer.isBuffer(found) && !isTyped(found)) return wrong(`an untyped error: ${describe(found)}`);
    const finding = Buffer.isBuffer(found) ? judgeContent(found, contents) : undefined;
    if (finding !== undefined) return finding;
  }
  if (seen.every((found) => Buffer.isBuffer(found))) return undefined;
  if (contents.succeeded) return lost(`success, but the blob cannot be read: ${describe(seen[0])}`);
  if (contents.before === undefined || (await isInSnapshot(ground, contents.before))) return undefined;
  return lost(`the old content is neither in the blob nor in a snapshot: ${describe(seen[0])}`);
}

function judgeContent(found: Buffer, { before, after, succeeded }: Contents): Finding | undefined {
  if (same(found, after)) return undefined;
  if (before !== undefined && same(found, before)) return succeeded ? wrong('success, but the old content') : undefined;
  return wrong(`neither the old content nor the new one: ${found.length} bytes`);
}

export function readPages(ground: Ground, requireEncryption: boolean): Promise<unknown> {
  const policy = { ...policyOf('1.0'), requireEncryption };
  const client = ground.direct.blobs(policy).getContainerClient(CONTAINER).getPageBlobClient(ground.name);
  return client.downloadToBuffer().catch((error: unknown) => error);
}

/** Of a page blob. */
export async function snapshotsOf({ direct, name }: Ground): Promise<string[]> {
  const container = direct.blobs(policyOf('1.0')).getContainerClient(CONTAINER);
  const found: string[] = [];
  for await (const item of container.listBlobsFlat({ prefix: name, includeSnapshots: true })) {
    if (item.name === name && item.snapshot) found.push(item.snapshot);
  }
  return found;
}

export async function isInSnapshot(ground: Ground, content: Buffer): Promise<boolean> {
  for (const snapshot of await snapshotsOf(ground)) {
    const kept = pageBlob(ground, ground.direct).withSnapshot(snapshot);
    const found = await kept.downloadToBuffer().catch(() => undefined);
    if (found !== undefined && same(found, content)) return true;
  }
  return false;
}
