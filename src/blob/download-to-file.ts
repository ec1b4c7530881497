/** Downloads to a file, which appears, or is replaced, only when it is complete. */
import type { FileHandle } from 'node:fs/promises';
import type { ByteRange, CipherWindow } from '../protocol/protocol.js';
import { FileSink } from '../streams/file-sink.js';
import { openBody } from '../streams/opened-stream.js';
import { writeWholeFile, type WrittenFile } from '../streams/whole-file.js';
import { traced } from '../tracing/span.js';
import type { BlobContext } from './blob-context.js';
import { describedDownload, type EncryptedDownloadResponse } from './described-download.js';
import { type DownloadOptions, openingFacts, plaintextProgress } from './download.js';
import { OpenedBlob } from './opened-blob.js';

export async function downloadToFile(
  context: BlobContext,
  { path, ...range }: ByteRange & { readonly path: string },
  { onProgress, ...readOptions }: DownloadOptions,
): Promise<EncryptedDownloadResponse> {
  const blob = await OpenedBlob.open(context, range, readOptions);
  try {
    const window = blob.window(range);
    const described = await describedDownload(blob, window, range);
    const onPlaintext = plaintextProgress(onProgress);
    const write = (): Promise<void> =>
      writeWholeFile(path, (file, kind) =>
        writeContent(blob, window, { file, kind, length: described.contentLength ?? 0, onPlaintext }),
      );
    if (!blob.isEncrypted) await write();
    else {
      await traced('Content.open', readOptions, async (_options, record) => {
        record(openingFacts(blob, window));
        await write();
      });
    }
    return described;
  } finally {
    blob.discard();
  }
}

interface FileDestination {
  readonly file: FileHandle;
  readonly kind: WrittenFile;
  /** Expected number of bytes. */
  readonly length: number;
  readonly onPlaintext: ((loadedBytes: number) => void) | undefined;
}

async function writeContent(
  blob: OpenedBlob,
  window: CipherWindow,
  { file, kind, length, onPlaintext }: FileDestination,
): Promise<void> {
  const sink = new FileSink(file, length);
  let loadedBytes = 0;
  const take = async (piece: Buffer): Promise<void> => {
    await sink.write(piece);
    loadedBytes += piece.length;
    blob.free(piece);
    onPlaintext?.(loadedBytes);
  };
  await openBody({ ...(await blob.content(window, kind)), take });
  await sink.end();
}
