/** What a process does over and over until it is killed, and what must be there afterwards. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { BLOCK_LENGTH, blockBlob, IN_BLOCKS, isInSnapshot, pageBlob, readPages } from '../operations/stored-blob.js';
import type { Ground } from '../operations/operation.js';
import { counted } from '../operations/counted-row.js';
import { describe, type Finding, isTyped, lost, same, wrong } from '../outcome.js';
import { Random } from '../random.js';
import { CONTAINER, NEXT_KEY, policyOf } from '../storage.js';

/** The last round that is known to be over, and the last one that may have begun. */
export interface Progress {
  readonly done: number;
  readonly begun: number;
}

export interface Work {
  readonly name: string;
  /** Before the process starts. */
  readonly prepare: (ground: Ground) => Promise<void>;
  /** One round, in the process that is killed; rounds count from 1. */
  readonly round: (ground: Ground, round: number) => Promise<void>;
  readonly judge: (ground: Ground, progress: Progress) => Promise<Finding | undefined>;
}

/** The same in both processes. */
const contentOf = ({ name }: Ground, round: number): Buffer => {
  const random = new Random(name, round);
  return random.bytes(random.between(1, 5 * BLOCK_LENGTH));
};

const pagesOf = ({ name }: Ground, round: number): Buffer => {
  const random = new Random(name, round);
  return random.bytes(512 * (random.chance(0.5) ? random.between(8193, 17000) : random.between(1, 500)));
};

const roundsOf = ({ done, begun }: Progress): readonly number[] =>
  Array.from({ length: begun - done + 1 }, (_, at) => done + at);

const failed = (error: unknown): unknown => error;

async function judgeBlob(ground: Ground, progress: Progress): Promise<Finding | undefined> {
  const found = await blockBlob(ground, ground.direct).downloadToBuffer().catch(failed);
  if (!Buffer.isBuffer(found)) return lost(`the blob cannot be read: ${describe(found)}`);
  const isWhole = roundsOf(progress).some((round) => same(found, contentOf(ground, round)));
  return isWhole ? undefined : wrong(`neither the last content nor the next one: ${found.length} bytes`);
}

const upload: Work = {
  name: 'uploadData',
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
    if (seen.every((found) => Buffer.isBuffer(found))) return undefined;
    const kept = await Promise.all(contents.map((content) => isInSnapshot(ground, content)));
    if (!kept.includes(true))
      return lost(`the last content is neither in the blob nor in a snapshot: ${describe(seen[0])}`);
    return writeAgain(ground);
  },
};

/** The next upload mends what a crash has left, and leaves no snapshot behind. */
async function writeAgain(ground: Ground): Promise<Finding | undefined> {
  const content = pagesOf(ground, -1);
  const result = await pageBlob(ground, ground.direct).uploadData(content).catch(describe);
  if (typeof result === 'string') return lost(`the next upload fails: ${result}`);
  const found = await readPages(ground, true);
  return Buffer.isBuffer(found) && same(found, content) ? undefined : wrong('the next upload is not what is read');
}

const file: Work = {
  name: 'downloadToFile',
  prepare: async (ground) => {
    await mkdir(join(ground.folder, ground.name));
    for (const round of [0, 1]) {
      const named = { ...ground, name: `${ground.name}-${round}` };
      await blockBlob(named, ground.direct).uploadData(contentOf(ground, round));
    }
  },
  round: async (ground, round) => {
    const named = { ...ground, name: `${ground.name}-${round % 2}` };
    await blockBlob(named, ground.direct).downloadToFile(join(ground.folder, ground.name, 'target'));
  },
  judge: async (ground, { done }) => {
    const folder = join(ground.folder, ground.name);
    const found = await readFile(join(folder, 'target')).catch(() => undefined);
    if (found === undefined && done > 0) return lost('the file is gone');
    const isWhole = [0, 1].some((round) => found === undefined || same(found, contentOf(ground, round)));
    if (!isWhole) return wrong('the file is neither the old one nor the new one');
    // the next download removes what the last one has left
    await file.round(ground, 2);
    const left = await readdir(folder);
    return left.join() === 'target' ? undefined : wrong(`left behind: ${left.join(', ')}`);
  },
};

const messages: Work = {
  name: 'sendMessage',
  prepare: async (ground) => {
    await ground.direct.queues(policyOf(ground.protocol)).getQueueClient(ground.name).create();
  },
  round: async (ground, round) => {
    const queue = ground.direct.queues(policyOf(ground.protocol)).getQueueClient(ground.name);
    await queue.sendMessage(String(round));
  },
  judge: async (ground, { done, begun }) => {
    const queue = ground.direct.queues(policyOf(ground.protocol)).getQueueClient(ground.name);
    const found = new Set<number>();
    for (;;) {
      const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32, visibilityTimeout: 600 });
      if (receivedMessageItems.length === 0) break;
      for (const { messageText } of receivedMessageItems) found.add(Number(messageText));
    }
    const missing = Array.from({ length: done }, (_, at) => at + 1).filter((round) => !found.has(round));
    if (missing.length > 0) return lost(`${missing.length} messages`);
    return [...found].every((round) => round <= begun) ? undefined : wrong('a message that nobody sent');
  },
};

export const WORKS: readonly Work[] = [
  ...[upload, uploadStream, metadata, pages, file, messages],
  ...counted(['merge', 'transaction']),
];
