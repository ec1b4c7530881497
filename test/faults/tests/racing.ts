/** Writers that write one object concurrently: at every moment, its content was written by one of them. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import type { Lab } from '../lab.js';
import type { Ground } from '../operations/operation.js';
import { blockBlob, IN_BLOCKS, isInSnapshot, pageBlob, readPages, somePages } from '../operations/stored-blob.js';
import { describe, type Finding, isTyped, lost, same, wrong } from '../outcome.js';
import { CONTAINER, NEXT_KEY, policyOf, TABLE } from '../storage.js';
import type { Tally } from '../table.js';
import { runRounds, type Trial } from './rounds.js';

const WRITERS = 8;

type Results = readonly PromiseSettledResult<unknown>[];

interface Race {
  readonly name: string;
  /** @returns how the writers ended if no fault was found */
  readonly run: (ground: Ground) => Promise<Finding | Results>;
}

export async function racing(lab: Lab): Promise<void> {
  for (const [test, cases] of Object.entries(RACES)) {
    await runRounds(lab, {
      ...{ test, prefix: test.replaceAll(' ', '-'), rounds: { short: 3, long: 20 }, cases },
      run: (trial) => run(lab, trial),
    });
  }
}

async function run(lab: Lab, { lane, random, case: one, name }: Trial<Race>): Promise<Finding | Tally> {
  const protocol = random.pick(['1.0', '2.0', '2.1'] as const);
  const found = await one.run({
    ...{ through: lane.through, direct: lab.direct, folder: lab.folder, protocol, random, name },
  });
  if ('verdict' in found) return found;
  const right = found.filter(({ status }) => status === 'fulfilled').length;
  return { right, error: found.length - right };
}

/** Runs all writers at once, and reads until the last one has ended. */
async function race(
  writers: readonly (() => Promise<unknown>)[],
  read: () => Promise<Finding | undefined>,
): Promise<{ readonly results: Results; readonly finding: Finding | undefined }> {
  const over = new AbortController();
  const reading = (async () => {
    let finding: Finding | undefined;
    while (!over.signal.aborted && finding === undefined) finding = await read();
    return finding;
  })();
  const results = await Promise.allSettled(writers.map((write) => write()));
  over.abort();
  return { results, finding: (await reading) ?? untyped(results) };
}

const untyped = (results: Results): Finding | undefined =>
  results
    .filter((result) => result.status === 'rejected' && !isTyped(result.reason))
    .map((result) => wrong(`an untyped error: ${describe((result as PromiseRejectedResult).reason)}`))[0];

const judgeRead = (found: unknown, contents: readonly Buffer[]): Finding | undefined => {
  if (!Buffer.isBuffer(found)) return isTyped(found) ? undefined : wrong(`an untyped error: ${describe(found)}`);
  return contents.some((content) => same(content, found)) ? undefined : wrong('content that was never written');
};

const failed = (error: unknown): unknown => error;

const uploads: Race = {
  name: 'uploads',
  run: async (ground) => {
    const client = blockBlob(ground, ground.through);
    const contents = Array.from({ length: WRITERS + 1 }, () => ground.random.bytes(ground.random.between(0, 300_000)));
    const [before, ...next] = contents;
    await client.uploadData(before!);
    const writers = next.map((content, at) => () => {
      if (at % 2 === 0) return client.uploadData(content, IN_BLOCKS);
      return client.uploadStream(Readable.from([content]), IN_BLOCKS.blockSize);
    });
    const read = async (): Promise<Finding | undefined> =>
      judgeRead(await client.downloadToBuffer().catch(failed), contents);
    const { results, finding } = await race(writers, read);
    if (finding !== undefined) return finding;
    const last = await client.downloadToBuffer().catch(failed);
    if (!Buffer.isBuffer(last)) return lost(`the blob cannot be read: ${describe(last)}`);
    const possible = next.filter((_, at) => results[at]!.status === 'fulfilled');
    return judgeRead(last, possible.length === 0 ? contents : possible) ?? results;
  },
};

const pages: Race = {
  name: 'page uploads',
  run: async (ground) => {
    const contents = Array.from({ length: WRITERS + 1 }, () => somePages(ground));
    const [before, ...next] = contents;
    await pageBlob(ground, ground.direct).uploadData(before!);
    const writers = next.map((content) => () => pageBlob(ground, ground.through).uploadData(content));
    const read = async (): Promise<Finding | undefined> => {
      const seen = await Promise.all([readPages(ground, true), readPages(ground, false)]);
      return seen.map((found) => judgeRead(found, contents)).find((found) => found !== undefined);
    };
    const { results, finding } = await race(writers, read);
    if (finding !== undefined) return finding;
    const possible = next.filter((_, at) => results[at]!.status === 'fulfilled');
    const last = await readPages(ground, true);
    if (Buffer.isBuffer(last)) return judgeRead(last, possible.length === 0 ? contents : possible) ?? results;
    if (possible.length > 0) return lost(`${possible.length} successes, but no content: ${describe(last)}`);
    return (await isInSnapshot(ground, before!)) ? results : lost(`the old content is gone: ${describe(last)}`);
  },
};

const changes: Race = {
  name: 'metadata and keys',
  run: async (ground) => {
    const client = blockBlob(ground, ground.through);
    const content = ground.random.bytes(100_000);
    await client.uploadData(content);
    const policy = { ...policyOf(ground.protocol), keyEncryptionKey: NEXT_KEY };
    const rewrapping = ground.through.blobs(policy).getContainerClient(CONTAINER).getBlockBlobClient(ground.name);
    const writers = Array.from({ length: WRITERS }, (_, at) => () => {
      return at % 2 === 0 ? client.setMetadata({ writer: String(at) }) : rewrapping.rewrapKey();
    });
    const read = async (): Promise<Finding | undefined> =>
      judgeRead(await client.downloadToBuffer().catch(failed), [content]);
    const { results, finding } = await race(writers, read);
    if (finding !== undefined) return finding;
    if (!Buffer.isBuffer(await client.downloadToBuffer().catch(failed))) return lost('the blob cannot be read');
    const { metadata = {} } = await client.getProperties();
    const wasRewrapped = results.some(({ status }, at) => at % 2 === 1 && status === 'fulfilled');
    const isRewrapped = Object.values(metadata).some((value) => value.includes(NEXT_KEY.keyId));
    if (wasRewrapped && !isRewrapped) return lost('a rewrap that had succeeded');
    const wasSet = results.some(({ status }, at) => at % 2 === 0 && status === 'fulfilled');
    return wasSet && metadata['writer'] === undefined ? lost('metadata that was set') : results;
  },
};

const files: Race = {
  name: 'downloads to one file',
  run: async (ground) => {
    const client = blockBlob(ground, ground.through);
    const content = ground.random.bytes(200_000);
    await client.uploadData(content);
    const folder = join(ground.folder, ground.name);
    await mkdir(folder);
    const path = join(folder, 'target');
    const missing = (error: unknown): unknown => ((error as { code?: unknown }).code === 'ENOENT' ? content : error);
    const read = async (): Promise<Finding | undefined> => judgeRead(await readFile(path).catch(missing), [content]);
    const { results, finding } = await race(
      Array.from({ length: WRITERS }, () => () => client.downloadToFile(path)),
      read,
    );
    if (finding !== undefined) return finding;
    const left = await readdir(folder);
    if (results.every(({ status }) => status === 'rejected')) return wrong('no download succeeded');
    return left.join() === 'target' ? results : wrong(`left behind: ${left.join(', ')}`);
  },
};

@EncryptedEntity<Counters>({ clear: ['clear'] })
class Counters {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() a?: string;
  @Encrypt() b?: string;
  @Encrypt() c?: string;
  @Encrypt() d?: string;
  clear?: string;
}

const NAMES = ['a', 'b', 'c', 'd', 'clear'] as const;

const countersOf = (ground: Ground): EncryptedTableClient<Counters> =>
  ground.through.tables(policyOf('1.0')).getTableClient(Counters, TABLE);

/** Each writer merges its own property, which is stored in the end if the merge succeeded. */
const merges = (name: string, write: (ground: Ground, patch: Record<string, string>) => Promise<unknown>): Race => ({
  name,
  run: async (ground) => {
    const table = countersOf(ground);
    const keys = { partitionKey: ground.name, rowKey: 'a' };
    await table.createEntity({ ...keys, ...Object.fromEntries(NAMES.map((property) => [property, 'before'])) });
    const read = async (): Promise<Finding | undefined> => {
      const row = await table.getEntity(ground.name, 'a').catch((error: unknown) => describe(error));
      if (typeof row === 'string') return lost(`the row cannot be read: ${row}`);
      return NAMES.every((property) => ['before', 'after'].includes(row[property] ?? ''))
        ? undefined
        : wrong('a value that was never written');
    };
    const writers = NAMES.map((property) => () => write(ground, { [property]: 'after' }));
    const { results, finding } = await race(writers, read);
    if (finding !== undefined) return finding;
    const row = await table.getEntity(ground.name, 'a');
    const missing = NAMES.filter((property, at) => results[at]!.status === 'fulfilled' && row[property] !== 'after');
    return missing.length === 0 ? results : lost(`merges that had succeeded: ${missing.join(', ')}`);
  },
});

const RACES: Readonly<Record<string, readonly Race[]>> = {
  'racing uploads': [uploads, changes, files],
  'racing page uploads': [pages],
  'racing merges': [
    merges('updates', (ground, patch) =>
      countersOf(ground).updateEntity({ partitionKey: ground.name, rowKey: 'a', ...patch }, 'Merge'),
    ),
    merges('upserts', (ground, patch) =>
      countersOf(ground).upsertEntity({ partitionKey: ground.name, rowKey: 'a', ...patch }, 'Merge'),
    ),
    merges('transactions', (ground, patch) =>
      countersOf(ground).submitTransaction([
        ['update', { partitionKey: ground.name, rowKey: 'a', ...patch }, 'Merge'],
        ['create', { partitionKey: ground.name, rowKey: `of ${Object.keys(patch).join()}`, a: 'x' }],
      ]),
    ),
  ],
};
