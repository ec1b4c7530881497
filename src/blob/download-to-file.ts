/** Downloads to a file: written beside it under another name and put in its place when whole, so a failure leaves no half. */
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import { uniqueId } from '../crypto/bytes.js';
import type { ByteRange, CipherWindow } from '../protocol/protocol.js';
import { FileSink } from '../streams/file-sink.js';
import { openBody } from '../streams/opened-stream.js';
import { traced } from '../tracing/span.js';
import type { BlobContext } from './blob-context.js';
import { describedDownload } from './described-download.js';
import { type DownloadOptions, openingFacts, plaintextProgress } from './download.js';
import { OpenedBlob } from './opened-blob.js';

export async function downloadToFile(
  context: BlobContext,
  { path, ...range }: ByteRange & { readonly path: string },
  { onProgress, ...readOptions }: DownloadOptions,
): Promise<BlobDownloadResponseParsed> {
  const blob = await OpenedBlob.open(context, range, readOptions);
  try {
    const window = blob.window(range);
    const described = await describedDownload(blob, window, range);
    const onPlaintext = plaintextProgress(onProgress);
    const write = (): Promise<void> =>
      writeWhole(path, (file) =>
        writeContent(blob, window, { file, length: described.contentLength ?? 0, onPlaintext }),
      );
    if (!blob.isEncrypted) await write();
    else {
      await traced('Content.open', readOptions, async (_options, tell) => {
        tell(openingFacts(blob, window));
        await write();
      });
    }
    return described;
  } finally {
    blob.discard();
  }
}

interface Destination {
  readonly file: FileHandle;
  /** Bytes that are expected. */
  readonly length: number;
  readonly onPlaintext: ((loadedBytes: number) => void) | undefined;
}

async function writeContent(
  blob: OpenedBlob,
  window: CipherWindow,
  { file, length, onPlaintext }: Destination,
): Promise<void> {
  const sink = new FileSink(file, length);
  let loadedBytes = 0;
  const take = async (piece: Buffer): Promise<void> => {
    await sink.write(piece);
    loadedBytes += piece.length;
    blob.free(piece);
    onPlaintext?.(loadedBytes);
  };
  await openBody({ body: await blob.body(window), transform: blob.transform(window), take });
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
