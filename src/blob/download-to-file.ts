/** Downloads to a file: written beside it under another name and put in its place when whole, so a failure leaves no half. */
import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import { uniqueId } from '../crypto/bytes.js';
import type { ByteRange } from '../protocol/protocol.js';
import type { BlobContext } from './blob-context.js';
import { downloadStream, type DownloadOptions } from './download.js';

export async function downloadToFile(
  context: BlobContext,
  range: ByteRange & { readonly path: string },
  options: DownloadOptions,
): Promise<BlobDownloadResponseParsed> {
  const response = await downloadStream(context, range, options);
  await writeWhole(response.readableStreamBody as Readable, range.path);
  return Object.create(response, {
    readableStreamBody: { value: undefined, enumerable: true },
  }) as BlobDownloadResponseParsed;
}

async function writeWhole(content: Readable, path: string): Promise<void> {
  const existing = await stat(path).catch(() => null);
  // a device or a pipe has no half-written state to protect, and must not be replaced
  if (existing !== null && !existing.isFile()) return pipeline(content, createWriteStream(path));

  const target = existing === null ? path : await realpath(path);
  const unfinished = `${target}.${uniqueId()}.partial`;
  try {
    await pipeline(content, createWriteStream(unfinished, { flags: 'wx', mode: existing?.mode ?? 0o666 }));
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
