/** Downloads to a file, which appears, or is replaced, only when it is complete. */
import type { ByteRange } from '../protocol/protocol.js';
import { FileSink } from '../streams/file-sink.js';
import { openBody } from '../streams/opened-stream.js';
import { writeWholeFile } from '../streams/whole-file.js';
import type { BlobContext } from './blob-context.js';
import { describedDownload, type EncryptedDownloadResponse } from './described-download.js';
import { type DownloadOptions, openingFacts, openTraced } from './download.js';
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
    await openTraced(blob, readOptions, async (record) => {
      record(openingFacts(blob, window));
      await writeWholeFile(path, async (file, kind) => {
        const sink = new FileSink(file, described.contentLength);
        let loadedBytes = 0;
        const take = async (piece: Buffer): Promise<void> => {
          await sink.write(piece);
          loadedBytes += piece.length;
          blob.free(piece);
          onProgress?.({ loadedBytes });
        };
        await openBody({ ...(await blob.content(window, kind)), take });
        await sink.end();
      });
    });
    return described;
  } finally {
    blob.discard();
  }
}
