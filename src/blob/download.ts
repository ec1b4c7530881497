/**
 * Downloads to a stream: first answer -> envelope -> window -> body -> opener. The answer describes plaintext. Where padding
 * hides the length (1.0), the last block is opened first, so the length is exact before a byte is given out.
 */
import { Readable } from 'node:stream';
import type { BlobDownloadOptions, BlobDownloadResponseParsed } from '@azure/storage-blob';
import { runAll } from '../crypto/byte-transform.js';
import { exactLength } from '../crypto/exact-length.js';
import type { ByteRange, CipherWindow, ContentOpener } from '../protocol/protocol.js';
import { discard, openBody, OpenedStream } from '../streams/opened-stream.js';
import { startSpan } from '../tracing/span.js';
import { assertRange, type BlobContext, refuseHashes } from './blob-context.js';
import {
  bodyOf,
  fetchWindow,
  factsOf,
  firstAnswer,
  type FirstAnswer,
  openStored,
  type ReadOptions,
  type StoredBlob,
} from './stored-blob.js';

export interface DownloadOptions extends ReadOptions {
  readonly onProgress?: BlobDownloadOptions['onProgress'];
}

/** Bytes of plaintext of a stored blob that an answer holds. */
interface Extent {
  readonly offset: number;
  readonly count: number;
  /** Bytes of the whole plaintext, where it is known without another request. */
  readonly total?: number;
}

export async function downloadStream(
  context: BlobContext,
  range: ByteRange,
  options: DownloadOptions,
): Promise<BlobDownloadResponseParsed> {
  assertRange(range.offset, range.count);
  refuseHashes(options);
  const { onProgress, ...readOptions } = options;
  const answer = await firstAnswer(context, range, readOptions);
  try {
    return await openAnswer({ context, answer, readOptions }, range, onProgress);
  } catch (error) {
    discard(answer.fetched?.response.readableStreamBody);
    throw error;
  }
}

interface Answered {
  readonly context: BlobContext;
  readonly answer: FirstAnswer;
  readonly readOptions: ReadOptions;
}

async function openAnswer(
  { context, answer, readOptions }: Answered,
  range: ByteRange,
  onProgress: DownloadOptions['onProgress'],
): Promise<BlobDownloadResponseParsed> {
  const { stored } = answer;
  const opener = await openStored(context, stored, readOptions);
  const window = windowOf(stored, opener, range);
  const extent = await extentOf({ context, stored, opener, readOptions }, window, range);
  const body = await bodyOf({ context, stored, readOptions }, answer.fetched, window);
  const transform = opener?.open(window) ?? exactLength(window.count);
  const stream =
    body?.readableStreamBody === undefined
      ? Readable.from(runAll(transform, Buffer.alloc(0)), { objectMode: false })
      : new OpenedStream({ body: body.readableStreamBody, transform }, plaintextProgress(onProgress));
  if (opener !== null) traceOpening(stream, { stored, ciphertextBytes: window.count, readOptions });
  return describe(answer, { stream, extent }, range);
}

interface Opening {
  readonly stored: StoredBlob;
  readonly ciphertextBytes: number;
  readonly readOptions: ReadOptions;
}

/** A span that lasts as long as the stream: to its end, its failure, or until nobody wants it any more. */
function traceOpening(stream: Readable, { stored, ciphertextBytes, readOptions }: Opening): void {
  const span = startSpan('Content.open', readOptions);
  span.tell({ ciphertextBytes, ...factsOf(stored) });
  stream.once('close', () => span.end(stream.errored ?? undefined));
}

function plaintextProgress(onProgress: DownloadOptions['onProgress']): ((loadedBytes: number) => void) | undefined {
  if (onProgress === undefined) return undefined;
  return (loadedBytes) => {
    onProgress({ loadedBytes });
  };
}

/** The window of a range in stored content, sealed or plain. */
export const windowOf = (stored: StoredBlob, opener: ContentOpener | null, range: ByteRange): CipherWindow =>
  opener?.layout.window(range, stored.storedLength) ?? plainWindow(range, stored);

function plainWindow(range: ByteRange, stored: StoredBlob): CipherWindow {
  const end = Math.min(stored.storedLength, range.offset + (range.count ?? Infinity));
  const count = Math.max(0, end - range.offset);
  return { offset: range.offset, count, reachesEnd: end === stored.storedLength, skip: 0, take: count };
}

interface OpenedBlob {
  readonly context: BlobContext;
  readonly stored: StoredBlob;
  readonly opener: ContentOpener | null;
  readonly readOptions: ReadOptions;
}

async function extentOf(blob: OpenedBlob, window: CipherWindow, range: ByteRange): Promise<Extent> {
  const { opener, stored } = blob;
  if (opener === null) return { offset: range.offset, count: window.count, total: stored.storedLength };
  const bounds = opener.layout.plaintextBounds(stored.storedLength);
  const isHidden = bounds.least !== bounds.most && window.reachesEnd;
  const total = bounds.least === bounds.most ? bounds.most : isHidden ? await openedLength(blob) : undefined;
  const count = Math.max(0, Math.min(window.take, (total ?? Infinity) - range.offset));
  return { offset: range.offset, count, ...(total === undefined ? {} : { total }) };
}

/** Bytes of plaintext where the length of the ciphertext leaves it open: opens the end of the content. */
async function openedLength({ context, stored, opener, readOptions }: OpenedBlob): Promise<number> {
  if (opener === null) return stored.storedLength;
  const { least, most } = opener.layout.plaintextBounds(stored.storedLength);
  const window = opener.layout.window({ offset: least, count: most - least }, stored.storedLength);
  const { readableStreamBody: body } = await fetchWindow({ context, stored, readOptions }, window);
  let length = least;
  if (body !== undefined) {
    const take = (pieces: readonly Buffer[]): void => {
      for (const piece of pieces) length += piece.length;
    };
    await openBody({ body, transform: opener.open(window), take });
  }
  return length;
}

/** The service's answer with what describes ciphertext put right or left out. */
function describe(
  answer: FirstAnswer,
  { stream, extent }: { readonly stream: Readable; readonly extent: Extent },
  range: ByteRange,
): BlobDownloadResponseParsed {
  const isPart = range.offset > 0 || range.count !== undefined;
  const last = extent.offset + extent.count - 1;
  const own = {
    readableStreamBody: stream,
    contentLength: extent.count,
    contentRange: isPart && extent.count > 0 ? `bytes ${extent.offset}-${last}/${extent.total ?? '*'}` : undefined,
    contentMD5: undefined,
    contentCrc64: undefined,
    blobContentMD5: undefined,
  };
  // the SDK's answers have getters: a copy would lose them
  const described = Object.create(answer.response) as BlobDownloadResponseParsed;
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(described, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return described;
}
