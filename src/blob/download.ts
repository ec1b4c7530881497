/** Downloads to a stream: opened blob -> window -> body -> transform. */
import type { Readable } from 'node:stream';
import type { BlobDownloadOptions } from '@azure/storage-blob';
import type { ByteRange, CipherWindow } from '../protocol/protocol.js';
import { OpenedStream } from '../streams/opened-stream.js';
import { type SpanFacts, startSpan, traced } from '../tracing/span.js';
import type { BlobContext } from './blob-context.js';
import { describedDownload, type EncryptedDownloadResponse } from './described-download.js';
import { OpenedBlob } from './opened-blob.js';
import type { ReadOptions } from './read-requests.js';

export interface DownloadOptions extends ReadOptions {
  readonly onProgress?: BlobDownloadOptions['onProgress'];
}

export async function downloadStream(
  context: BlobContext,
  range: ByteRange,
  { onProgress, ...readOptions }: DownloadOptions,
): Promise<EncryptedDownloadResponse> {
  const blob = await OpenedBlob.open(context, range, readOptions);
  try {
    const window = blob.window(range);
    const described = await describedDownload(blob, window, range);
    const onPlaintext = onProgress && ((loadedBytes: number) => onProgress({ loadedBytes }));
    const stream = new OpenedStream(await blob.content(window, 'stream'), onPlaintext);
    stream.once('close', () => {
      blob.discard();
    });
    if (blob.isEncrypted) traceOpening(stream, openingFacts(blob, window), readOptions);
    described.readableStreamBody = stream;
    return described;
  } catch (error) {
    blob.discard();
    throw error;
  }
}

export const openingFacts = (blob: OpenedBlob, { count }: CipherWindow): SpanFacts => ({
  ciphertextBytes: count,
  ...blob.facts,
});

/** Opens a blob in a span. A blob that was never encrypted has none. */
export const openTraced = <Result>(
  blob: OpenedBlob,
  options: ReadOptions,
  open: (record: (facts: SpanFacts) => void) => Promise<Result>,
): Promise<Result> =>
  blob.isEncrypted ? traced('Content.open', options, (_options, record) => open(record)) : open(() => undefined);

/** A span that lasts as long as the stream: until it ends, fails, or is destroyed. */
function traceOpening(stream: Readable, facts: SpanFacts, readOptions: ReadOptions): void {
  const span = startSpan('Content.open', readOptions);
  span.record(facts);
  stream.once('close', () => span.end(stream.errored ?? undefined));
}
