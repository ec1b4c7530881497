/** Blobs that are written repeatedly: the last complete content is stored, or the one after it. */
import { Readable } from 'node:stream';
import {
  BLOCK_LENGTH,
  blockBlob,
  IN_BLOCKS,
  isInSnapshot,
  pageBlob,
  readPages,
  snapshotsOf,
} from '../operations/stored-blob.js';
import type { Ground } from '../operations/operation.js';
import { describe, type Finding, isTyped, lost, same, wrong } from '../outcome.js';
import { Random } from '../random.js';
import { CONTAINER, NEXT_KEY, policyOf } from '../storage.js';
import { ONE_LIFE, type Progress, roundsOf, type Work } from './work.js';

/** The same in both processes. */
export const contentOf = ({ name }: Ground, round: number): Buffer => {
  const random = new Random(name, round);
  return random.bytes(random.between(1, 5 * BLOCK_LENGTH));
};

const pagesOf = ({ name }: Ground, round: number): Buffer => {
  const random = new Random(name, round);
  return random.bytes(512 * (random.chance(0.5) ? random.between(8193, 9000) : random.between(1, 500)));
};

const failed = (error: unknown): unknown => error;

async function judgeBlob(ground: Ground, progress: Progress): Promise<Finding | undefined> {
  const found = await blockBlob(ground, ground.direct).downloadToBuffer().catch(failed);
  if (!Buffer.isBuffer(found)) return lost(`the blob cannot be read: ${describe(found)}`);
  const isWhole = roundsOf(progress).some((round) => same(found, contentOf(ground, round)));
  return isWhole ? undefined : wrong(`neither the last content nor the next one: ${found.length} bytes`);
}

const upload: Work = {
  name: 'uploadData',
  lives: ONE_LIFE,
  prepare: async (ground) => {
    await blockBlob(ground, ground.direct).uploadData(contentOf(ground, 0));
  },
  round: async (ground, round) => {
    await blockBlob(ground, ground.direct).uploadData(contentOf(ground, round), IN_BLOCKS);
  },
  judge: judgeBlob,
};

const uploadStream: Work = {
  ...upload,
  name: 'uploadStream',
  round: async (ground, round) => {
    const body = Readable.from([contentOf(ground, round)]);
    await blockBlob(ground, ground.direct).uploadStream(body, BLOCK_LENGTH);
  },
};

const metadata: Work = {
  name: 'setMetadata and rewrapKey',
  lives: ONE_LIFE,
  prepare: upload.prepare,
  round: async (ground, round) => {
    await blockBlob(ground, ground.direct).setMetadata({ round: String(round) });
    const policy = { ...policyOf(ground.protocol), ...(round % 2 === 0 ? {} : { keyEncryptionKey: NEXT_KEY }) };
    const client = ground.direct.blobs(policy).getContainerClient(CONTAINER).getBlockBlobClient(ground.name);
    await client.rewrapKey();
  },
  judge: async (ground, progress) => {
    const finding = await judgeBlob(ground, { done: 0, begun: 0 });
    if (finding !== undefined) return finding;
    const { metadata: found = {} } = await blockBlob(ground, ground.direct).getProperties();
    const round = Number(found['round'] ?? 0);
    return roundsOf(progress).includes(round)
      ? undefined
      : lost(`metadata of round ${round} in round ${progress.done}`);
  },
};

const pages: Work = {
  name: 'page uploads',
  lives: ONE_LIFE,
  prepare: async (ground) => {
    await pageBlob(ground, ground.direct).uploadData(pagesOf(ground, 0));
  },
  round: async (ground, round) => {
    await pageBlob(ground, ground.direct).uploadData(pagesOf(ground, round));
  },
  judge: async (ground, progress) => {
    const contents = roundsOf(progress).map((round) => pagesOf(ground, round));
    const seen = await Promise.all([readPages(ground, true), readPages(ground, false)]);
    for (const found of seen) {
      if (!Buffer.isBuffer(found) && !isTyped(found)) return wrong(`an untyped error: ${describe(found)}`);
      if (Buffer.isBuffer(found) && !contents.some((content) => same(found, content)))
        return wrong(`neither the last content nor the next one: ${found.length} bytes`);
    }
    if (seen.every((found) => Buffer.isBuffer(found))) return writeAgain(ground);
    const kept = await Promise.all(contents.map((content) => isInSnapshot(ground, content)));
    if (!kept.includes(true))
      return lost(`the last content is neither in the blob nor in a snapshot: ${describe(seen[0])}`);
    return writeAgain(ground);
  },
};

/** The next upload repairs what a crash has left behind, and leaves no snapshot. */
async function writeAgain(ground: Ground): Promise<Finding | undefined> {
  const content = pagesOf(ground, -1);
  const result = await pageBlob(ground, ground.direct).uploadData(content).catch(describe);
  if (typeof result === 'string') return lost(`the next upload fails: ${result}`);
  const found = await readPages(ground, true);
  if (!Buffer.isBuffer(found) || !same(found, content)) return wrong('reads do not return the next upload');
  const left = await snapshotsOf(ground);
  return left.length > 0 ? wrong(`the next upload leaves ${left.length} snapshots`) : undefined;
}

export const BLOB_WORKS: readonly Work[] = [upload, uploadStream, metadata, pages];
