/**
 * Downloads to a stream: first answer -> envelope -> window -> body -> opener. The answer describes plaintext. Where padding
 * hides the length (1.0), the last block is opened first, so the length is exact before a byte is given out.
 */
import { Readable } from 'node:stream';
import type { BlobDownloadOptions, BlobDownloadResponseParsed } from '@azure/storage-blob';
import { type ByteTransform, runAll } from '../crypto/byte-transform.js';
import { exactLength } from '../crypto/exact-length.js';
import type { ByteRange, CipherWindow, ContentOpener } from '../protocol/protocol.js';
import { discard, openBody, OpenedStream } from '../streams/opened-stream.js';
import { type SpanFacts, startSpan } from '../tracing/span.js';
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

/** A range of a blob that is ready to be read. */
export interface Download {
  readonly answer: FirstAnswer;
  readonly window: CipherWindow;
  /** `null` for a blob that was never encrypted. */
  readonly opener: ContentOpener | null;
  /** Ciphertext of the window; nothing of an empty one. */
  readonly body: NodeJS.ReadableStream | undefined;
  readonly transform: ByteTransform;
  /** The service's answer as it describes the plaintext, without a body. */
  readonly described: BlobDownloadResponseParsed;
}

export async function downloadStream(
  context: BlobContext,
  range: ByteRange,
  { onProgress, ...readOptions }: DownloadOptions,
): Promise<BlobDownloadResponseParsed> {
  const download = await openDownload(context, range, readOptions);
  const { body, transform, described } = download;
  const stream =
    body === undefined
      ? Readable.from(runAll(transform, Buffer.alloc(0)), { objectMode: false })
      : new OpenedStream({ body, transform }, plaintextProgress(onProgress));
  if (download.opener !== null) traceOpening(stream, download, readOptions);
  described.readableStreamBody = stream;
  return described;
}

export async function openDownload(
  context: BlobContext,
  range: ByteRange,
  readOptions: ReadOptions,
): Promise<Download> {
  assertRange(range.offset, range.count);
  refuseHashes(readOptions);
  const answer = await firstAnswer(context, range, readOptions);
  try {
    return await openAnswer({ context, answer, readOptions }, range);
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

async function openAnswer({ context, answer, readOptions }: Answered, range: ByteRange): Promise<Download> {
  const { stored } = answer;
  const opener = await openStored(context, stored, readOptions);
  const window = windowOf(stored, opener, range);
  const extent = await extentOf({ context, stored, opener, readOptions }, window, range);
  const fetched = await bodyOf({ context, stored, readOptions }, answer.fetched, window);
  return {
    ...{ answer, window, opener },
    body: fetched?.readableStreamBody,
    transform: opener?.open(window) ?? exactLength(window.count),
    described: describe(answer, extent, range),
  };
}

/** What the span of an opening tells. */
export const openingFacts = ({ answer, window }: Download): SpanFacts => ({
  ciphertextBytes: window.count,
  ...factsOf(answer.stored),
});

/** A span that lasts as long as the stream: to its end, its failure, or until nobody wants it any more. */
function traceOpening(stream: Readable, download: Download, readOptions: ReadOptions): void {
  const span = startSpan('Content.open', readOptions);
  span.tell(openingFacts(download));
  stream.once('close', () => span.end(stream.errored ?? undefined));
}

export function plaintextProgress(
  onProgress: DownloadOptions['onProgress'],
): ((loadedBytes: number) => void) | undefined {
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
    const take = (piece: Buffer): void => {
      length += piece.length;
    };
    await openBody({ body, transform: opener.open(window), take });
  }
  return length;
}

/** The service's answer with what describes ciphertext put right or left out. */
function describe(answer: FirstAnswer, extent: Extent, range: ByteRange): BlobDownloadResponseParsed {
  const isPart = range.offset > 0 || range.count !== undefined;
  const last = extent.offset + extent.count - 1;
  const own = {
    readableStreamBody: undefined,
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
