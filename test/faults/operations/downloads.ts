/** Downloads: exactly the requested bytes, or an error. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EncryptedBlobReader } from 'nestjs-azure-encrypted-storage';
import type { BlobClient } from '@azure/storage-blob';
import { type Finding, same, wrong } from '../outcome.js';
import type { Ground, Operation, Prepared } from './operation.js';
import { BLOCK_LENGTH, blockBlob, contentToRead, pageBlob, somePages } from './stored-blob.js';

interface Read {
  readonly client: EncryptedBlobReader<BlobClient>;
  readonly offset: number;
  readonly count: number | undefined;
  readonly signal: AbortSignal;
}

type Call = (read: Read) => Promise<Buffer>;

const toBuffer: Call = ({ client, offset, count, signal }) =>
  client.downloadToBuffer(offset, count, { blockSize: BLOCK_LENGTH, abortSignal: signal });

const asStream: Call = async ({ client, offset, count, signal }) => {
  const { readableStreamBody } = await client.download(offset, count, { abortSignal: signal });
  const pieces: Buffer[] = [];
  for await (const piece of readableStreamBody ?? []) pieces.push(Buffer.from(piece as Buffer));
  return Buffer.concat(pieces);
};

type Part = 'whole' | 'range';

const downloadOf = (name: string, call: Call, part: Part): Operation => ({
  name: `${name} ${part}`,
  protocols: ['1.0', '2.0', '2.1'],
  prepare: async (ground) => {
    const content = contentToRead(ground);
    await blockBlob(ground, ground.direct).uploadData(content);
    return reading(ground, { content, call, part, client: blockBlob(ground, ground.through) });
  },
});

const pageDownload: Operation = {
  name: 'page download',
  protocols: ['1.0'],
  prepare: async (ground) => {
    const content = somePages(ground);
    await pageBlob(ground, ground.direct).uploadData(content);
    return reading(ground, { content, call: toBuffer, part: 'range', client: pageBlob(ground, ground.through) });
  },
};

interface Reading {
  readonly content: Buffer;
  readonly call: Call;
  readonly part: Part;
  readonly client: Read['client'];
}

function reading({ random }: Ground, { content, call, part, client }: Reading): Prepared {
  const offset = part === 'whole' ? 0 : random.between(0, content.length);
  const count = part === 'whole' ? undefined : random.between(0, content.length + 100 - offset);
  const wanted = content.subarray(offset, count === undefined ? undefined : offset + count);
  return {
    run: (signal) => call({ client, offset, count, signal }),
    judge: async ({ succeeded, value }) => (succeeded ? judgeBytes(value as Buffer, wanted) : undefined),
  };
}

const judgeBytes = (found: Buffer, wanted: Buffer): Finding | undefined =>
  same(found, wanted) ? undefined : wrong(`${found.length} bytes that are not the ${wanted.length} that were stored`);

/** A file is old or new, and no other file is left behind. */
const toFile: Operation = {
  name: 'downloadToFile',
  protocols: ['1.0', '2.0', '2.1'],
  prepare: async (ground) => {
    const content = contentToRead(ground);
    await blockBlob(ground, ground.direct).uploadData(content);
    const folder = join(ground.folder, ground.name);
    const path = join(folder, 'target');
    await mkdir(folder);
    const before = ground.random.bytes(100);
    await writeFile(path, before);
    return {
      run: (signal) => blockBlob(ground, ground.through).downloadToFile(path, 0, undefined, { abortSignal: signal }),
      judge: async ({ succeeded }) => {
        const files = await readdir(folder);
        if (files.length !== 1) return wrong(`left behind: ${files.join(', ')}`);
        const found = await readFile(path);
        if (same(found, content) || (!succeeded && same(found, before))) return undefined;
        return wrong('the file is neither the old one nor the new one');
      },
    };
  },
};

export const DOWNLOADS: readonly Operation[] = [
  downloadOf('downloadToBuffer', toBuffer, 'whole'),
  downloadOf('downloadToBuffer', toBuffer, 'range'),
  downloadOf('download', asStream, 'whole'),
  downloadOf('download', asStream, 'range'),
  toFile,
  pageDownload,
];
