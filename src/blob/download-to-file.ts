/** Downloads to a file: written beside it under another name and put in its place when whole, so a failure leaves no half. */
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import { uniqueId } from '../crypto/bytes.js';
import { freeMemory } from '../crypto/free-memory.js';
import type { ByteRange } from '../protocol/protocol.js';
import { FileSink } from '../streams/file-sink.js';
import { discard, openBody } from '../streams/opened-stream.js';
import { traced } from '../tracing/span.js';
import type { BlobContext } from './blob-context.js';
import { type Download, type DownloadOptions, openDownload, openingFacts, plaintextProgress } from './download.js';

export async function downloadToFile(
  context: BlobContext,
  { path, ...range }: ByteRange & { readonly path: string },
  { onProgress, ...readOptions }: DownloadOptions,
): Promise<BlobDownloadResponseParsed> {
  const download = await openDownload(context, range, readOptions);
  const write = (): Promise<void> =>
    writeWhole(path, (file) => writeContent(download, file, plaintextProgress(onProgress)));
  try {
    if (download.opener === null) await write();
    else {
      await traced('Content.open', readOptions, async (_options, tell) => {
        tell(openingFacts(download));
        await write();
      });
    }
  } finally {
    discard(download.body);
  }
  return download.described;
}

async function writeContent(
  { body, transform, opener, described }: Download,
  file: FileHandle,
  onPlaintext?: (loadedBytes: number) => void,
): Promise<void> {
  const sink = new FileSink(file, described.contentLength);
  let loadedBytes = 0;
  const take = async (piece: Buffer): Promise<void> => {
    await sink.write(piece);
    loadedBytes += piece.length;
    // pieces of a blob that is not encrypted are the HTTP client's own
    if (opener !== null) freeMemory(piece);
    onPlaintext?.(loadedBytes);
  };
  if (body === undefined) for (const piece of transform.finish()) await take(piece);
  else await openBody({ body, transform, take });
  await sink.end();
}

async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const existing = await stat(path).catch(() => null);
  // a device or a pipe has no half-written state to protect, and must not be replaced
  if (existing !== null && !existing.isFile()) return writeTo(await open(path, 'w'), write);

  const target = existing === null ? path : await realpath(path);
  const unfinished = `${target}.${uniqueId()}.partial`;
  try {
    await writeTo(await open(unfinished, 'wx', existing?.mode ?? 0o666), write);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function writeTo(file: FileHandle, write: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write(file);
  } finally {
    await file.close();
  }
}
