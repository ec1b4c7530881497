/** Uploads of block blobs: the blob appears completely or stays unchanged. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BlobRequestConditions } from '@azure/storage-blob';
import type { EncryptedBlockBlobClient } from 'nestjs-azure-encrypted-storage';
import type { Ground, Operation } from './operation.js';
import { BLOCK_LENGTH, blockBlob, IN_BLOCKS, judgeBlock, someContent } from './stored-blob.js';

interface Upload {
  readonly client: EncryptedBlockBlobClient;
  readonly content: Buffer;
  readonly signal: AbortSignal;
  /** The path of a file with the content. */
  readonly file: string;
  readonly conditions?: BlobRequestConditions;
}

const piecesOf = (content: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(content.length / 10_000) }, (_, at) =>
    content.subarray(at * 10_000, (at + 1) * 10_000),
  );

const CALLS: Readonly<Record<string, (upload: Upload) => Promise<unknown>>> = {
  uploadData: ({ client, content, signal, conditions }) =>
    client.uploadData(content, { ...IN_BLOCKS, abortSignal: signal, ...(conditions && { conditions }) }),
  uploadStream: ({ client, content, signal }) =>
    client.uploadStream(Readable.from(piecesOf(content)), BLOCK_LENGTH, 3, { abortSignal: signal }),
  uploadFile: ({ client, file, signal }) => client.uploadFile(file, { ...IN_BLOCKS, abortSignal: signal }),
  upload: ({ client, content, signal }) => client.upload(content, content.length, { abortSignal: signal }),
};

type Kind = 'over another' | 'the first' | 'under ifMatch' | 'under ifNoneMatch';

const uploadOf = (call: string, kind: Kind): Operation => ({
  name: `${call} ${kind}`,
  protocols: ['1.0', '2.0', '2.1'],
  prepare: async (ground) => {
    const isFirst = kind === 'the first' || kind === 'under ifNoneMatch';
    const before = isFirst ? undefined : someContent(ground);
    const stored = before === undefined ? undefined : await blockBlob(ground, ground.direct).uploadData(before);
    const content = someContent(ground);
    const file = await fileOf(ground, content);
    const conditions = conditionsOf(kind, stored?.etag);
    return {
      run: (signal) =>
        CALLS[call]!({
          client: blockBlob(ground, ground.through),
          content,
          signal,
          file,
          ...(conditions && { conditions }),
        }),
      judge: ({ succeeded }) => judgeBlock(ground, { before, after: content, succeeded }),
    };
  },
});

function conditionsOf(kind: Kind, etag: string | undefined): BlobRequestConditions | undefined {
  if (kind === 'under ifNoneMatch') return { ifNoneMatch: '*' };
  return kind === 'under ifMatch' && etag !== undefined ? { ifMatch: etag } : undefined;
}

async function fileOf({ folder, name }: Ground, content: Buffer): Promise<string> {
  const path = join(folder, `${name}.source`);
  await writeFile(path, content);
  return path;
}

export const UPLOADS: readonly Operation[] = [
  ...Object.keys(CALLS).map((call) => uploadOf(call, 'over another')),
  uploadOf('uploadData', 'the first'),
  uploadOf('uploadData', 'under ifMatch'),
  uploadOf('uploadData', 'under ifNoneMatch'),
];
