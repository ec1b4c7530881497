/**
 * Downloads to memory: parts of the range in parallel, all under one ETag and one check of region order, each written to its
 * place as it opens. Nothing of a failed download is left in the caller's buffer.
 */
import type { BlobDownloadToBufferOptions } from '@azure/storage-blob';
import { asBuffer } from '../crypto/bytes.js';
import { exactLength } from '../crypto/exact-length.js';
import { freeMemory } from '../crypto/free-memory.js';
import { DecryptionError } from '../errors/content.js';
import { InvalidOptionsError } from '../errors/input.js';
import { expectedLayout } from '../envelope/envelope.js';
import type { ByteRange, ContentOpener } from '../protocol/protocol.js';
import { discard, openBody } from '../streams/opened-stream.js';
import { TimeSlice } from '../streams/time-slice.js';
import { linkedAbort } from './abort.js';
import { traced } from '../tracing/span.js';
import {
  assertRange,
  assertTransferShape,
  type BlobContext,
  type EncryptedOperationOptions,
  refuseHashes,
} from './blob-context.js';
import { windowOf } from './download.js';
import {
  bodyOf,
  factsOf,
  fetchWindow,
  firstAnswer,
  type FirstAnswer,
  openStored,
  type ReadOptions,
} from './stored-blob.js';
import { DEFAULT_BLOCK_LENGTH, DEFAULT_CONCURRENCY } from './upload.js';

export interface ToBufferOptions extends BlobDownloadToBufferOptions, EncryptedOperationOptions {}

/** A part of the plaintext asked for. */
interface Part {
  readonly offset: number;
  readonly count: number;
}

interface PartsPlan {
  readonly parts: readonly Part[];
  /** Bytes of plaintext at most; padding may hide up to 15 fewer. */
  readonly length: number;
}

/** @returns the part of `destination`, or of a new buffer, that was filled. */
export async function downloadToBuffer(
  context: BlobContext,
  range: ByteRange & { readonly destination?: Uint8Array },
  options: ToBufferOptions,
): Promise<Buffer> {
  assertRange(range.offset, range.count);
  assertTransferShape(options);
  refuseHashes(options);
  const abort = linkedAbort(options.abortSignal);
  const readOptions = { ...readOptionsOf(options), abortSignal: abort.signal };
  const partLength = options.blockSize ?? DEFAULT_BLOCK_LENGTH;
  try {
    const answer = await firstAnswer(context, firstPart(context, range, partLength), readOptions);
    try {
      const opener = await openStored(context, answer.stored, readOptions);
      const plan = planOf(range, answer, { opener, partLength });
      const destination = destinationOf(range.destination, plan.length);
      const download = new PartsDownload({ context, answer, opener, readOptions, destination, plan }, options);
      return await openTraced(answer, readOptions, () =>
        download.run(() => {
          abort.controller.abort();
        }),
      );
    } catch (error) {
      discard(answer.fetched?.response.readableStreamBody);
      throw error;
    }
  } finally {
    abort.unlink();
  }
}

/** Fetching and opening of all parts are one span: they overlap. A blob that was never encrypted has none. */
function openTraced({ stored }: FirstAnswer, options: ReadOptions, run: () => Promise<Buffer>): Promise<Buffer> {
  if (stored.encryptionData === undefined) return run();
  return traced('Content.open', options, async (_options, tell) => {
    const plaintext = await run();
    tell({ ...factsOf(stored), plaintextBytes: plaintext.length });
    return plaintext;
  });
}

interface PartsContext {
  readonly context: BlobContext;
  readonly answer: FirstAnswer;
  readonly opener: ContentOpener | null;
  readonly readOptions: ReadOptions;
  readonly destination: Buffer;
  readonly plan: PartsPlan;
}

class PartsDownload {
  private next = 0;
  private loaded = 0;
  private readonly slice = new TimeSlice();

  constructor(
    private readonly parts: PartsContext,
    private readonly options: ToBufferOptions,
  ) {}

  async run(stopOthers: () => void): Promise<Buffer> {
    const lanes = Math.min(this.options.concurrency ?? DEFAULT_CONCURRENCY, this.parts.plan.parts.length);
    let failure: { readonly error: unknown } | undefined;
    const lane = (): Promise<void> =>
      this.lane().catch((error: unknown) => {
        failure ??= { error };
        this.next = Infinity;
        stopOthers();
      });
    await Promise.all(Array.from({ length: lanes }, lane));
    if (failure === undefined) return this.parts.destination.subarray(0, this.loaded);
    this.parts.destination.fill(0);
    throw failure.error;
  }

  private async lane(): Promise<void> {
    for (let index = this.next++; index < this.parts.plan.parts.length; index = this.next++) await this.fetch(index);
  }

  private async fetch(index: number): Promise<void> {
    const { context, answer, opener, readOptions, destination, plan } = this.parts;
    const part = plan.parts[index] as Part;
    const window = windowOf(answer.stored, opener, part);
    const blob = { context, stored: answer.stored, readOptions };
    const response = index === 0 ? await bodyOf(blob, answer.fetched, window) : await fetchWindow(blob, window);

    let at = part.offset - (plan.parts[0] as Part).offset;
    const end = at + part.count;
    const transform = opener?.open(window) ?? exactLength(window.count);
    const take = (piece: Buffer): void => {
      at += piece.copy(destination, at, 0, end - at);
      this.loaded += piece.length;
      // pieces of a blob that is not encrypted are the HTTP client's own
      if (opener !== null) freeMemory(piece);
      this.options.onProgress?.({ loadedBytes: this.loaded });
    };
    const body = response?.readableStreamBody;
    if (body === undefined) transform.finish().forEach(take);
    else await openBody({ body, transform, take, slice: this.slice });
    const isLast = index === plan.parts.length - 1;
    if (at !== end && !isLast) throw new DecryptionError();
  }
}

/** The first part, by guess: the end of a part lies where the next unit starts. */
function firstPart({ policy }: BlobContext, range: ByteRange, partLength: number): ByteRange {
  const { unitLength } = expectedLayout(policy, 'blob', 'stream');
  const count = partEnd(range.offset, partLength, unitLength) - range.offset;
  return { offset: range.offset, count: Math.min(range.count ?? Infinity, count) };
}

const partEnd = (offset: number, partLength: number, unitLength: number): number =>
  Math.ceil((offset + partLength) / unitLength) * unitLength;

function planOf(
  { offset, count }: ByteRange,
  { stored }: FirstAnswer,
  { opener, partLength }: { readonly opener: ContentOpener | null; readonly partLength: number },
): PartsPlan {
  const { most } = opener?.layout.plaintextBounds(stored.storedLength) ?? { most: stored.storedLength };
  const end = Math.max(offset, Math.min(most, offset + (count ?? Infinity)));
  const unitLength = opener?.layout.unitLength ?? 1;
  const parts: Part[] = [];
  for (let at = offset; at < end;) {
    const next = Math.min(end, partEnd(at, partLength, unitLength));
    parts.push({ offset: at, count: next - at });
    at = next;
  }
  return { parts: parts.length > 0 ? parts : [{ offset, count: 0 }], length: end - offset };
}

function destinationOf(given: Uint8Array | undefined, length: number): Buffer {
  if (given === undefined) return Buffer.allocUnsafeSlow(length);
  if (given.length < length) {
    throw new InvalidOptionsError([`the buffer has ${given.length} bytes, the range may have ${length}`]);
  }
  return asBuffer(given).subarray(0, length);
}

function readOptionsOf(options: ToBufferOptions): ReadOptions {
  const {
    blockSize: _size,
    concurrency: _concurrency,
    onProgress: _progress,
    maxRetryRequestsPerBlock,
    ...rest
  } = options;
  return { ...rest, ...(maxRetryRequestsPerBlock === undefined ? {} : { maxRetryRequests: maxRetryRequestsPerBlock }) };
}
