/**
 * Downloads to memory: several parts of the range at once, all under one ETag and one check of the region order, each written to
 * its place as it is opened. Nothing of a failed download remains in the caller's buffer.
 */
import type { BlobDownloadToBufferOptions } from '@azure/storage-blob';
import { asBuffer } from '../crypto/bytes.js';
import { expectedLayout } from '../envelope/envelope.js';
import { DecryptionError } from '../errors/content.js';
import { InvalidOptionsError } from '../errors/input.js';
import type { ByteRange, ContentLayout } from '../protocol/protocol.js';
import { openBody } from '../streams/opened-stream.js';
import { TimeSlice } from '../streams/time-slice.js';
import { traced } from '../tracing/span.js';
import type { BlobContext, EncryptedReadOptions } from './blob-context.js';
import { fetchInLanes } from './lanes.js';
import { OpenedBlob } from './opened-blob.js';
import type { ReadOptions } from './read-requests.js';
import { newMemory } from './download-memory.js';
import { downloadTagged } from './tagged-download.js';
import { assertTransferShape, DEFAULT_BLOCK_LENGTH, DEFAULT_CONCURRENCY } from './transfer-shape.js';

export interface ToBufferOptions extends BlobDownloadToBufferOptions, EncryptedReadOptions {}

interface BufferRange extends ByteRange {
  readonly destination?: Uint8Array;
}

/** A part of the requested plaintext. */
interface Part {
  readonly offset: number;
  readonly count: number;
}

/**
 * @returns the filled part of `destination`, or of a new buffer
 */
export async function downloadToBuffer(
  context: BlobContext,
  range: BufferRange,
  options: ToBufferOptions,
): Promise<Buffer> {
  assertTransferShape(options);
  const readOptions = readOptionsOf(options);
  const partLength = options.blockSize ?? DEFAULT_BLOCK_LENGTH;
  const blob = await OpenedBlob.open(context, firstPart(context, range, partLength), readOptions);
  try {
    return await openTraced(blob, readOptions, () => download(blob, range, options));
  } finally {
    blob.discard();
  }
}

async function download(blob: OpenedBlob, range: BufferRange, options: ToBufferOptions): Promise<Buffer> {
  const partLength = options.blockSize ?? DEFAULT_BLOCK_LENGTH;
  const { concurrency = DEFAULT_CONCURRENCY, onProgress } = options;
  const window = blob.window(range);
  const wholeTag = blob.wholeTag(window);
  if (wholeTag === undefined) {
    const end = endOf(range, blob);
    const length = end - range.offset;
    // first, because the claimed length may need more memory than there is
    const destination = destinationOf(range.destination, length) ?? newMemory(length);
    const parts = partsOf({ offset: range.offset, end }, blob.layout, partLength);
    return new PartsDownload(blob, { parts, destination }, options).run();
  }
  return downloadTagged(blob, {
    window,
    wholeTag,
    partLength,
    concurrency,
    destination: destinationOf(range.destination, window.take),
    onProgress: onProgress && ((loadedBytes) => onProgress({ loadedBytes })),
  });
}

/** Fetching and opening of all parts are one span, since they overlap. A blob that was never encrypted has none. */
function openTraced(blob: OpenedBlob, options: ReadOptions, run: () => Promise<Buffer>): Promise<Buffer> {
  if (!blob.isEncrypted) return run();
  return traced('Content.open', options, async (_options, record) => {
    const plaintext = await run();
    record({ ...blob.facts, plaintextBytes: plaintext.length });
    return plaintext;
  });
}

interface PlannedDestination {
  readonly parts: readonly Part[];
  readonly destination: Buffer;
}

class PartsDownload {
  private readonly parts: readonly Part[];
  private readonly destination: Buffer;
  private loaded = 0;
  private readonly slice = new TimeSlice();

  constructor(
    private readonly blob: OpenedBlob,
    { parts, destination }: PlannedDestination,
    private readonly options: ToBufferOptions,
  ) {
    this.parts = parts;
    this.destination = destination;
  }

  async run(): Promise<Buffer> {
    try {
      await fetchInLanes({
        parts: this.parts.length,
        concurrency: this.options.concurrency ?? DEFAULT_CONCURRENCY,
        fetch: (index) => this.fetch(index),
        stop: () => {
          this.blob.discard();
        },
      });
    } catch (error) {
      this.destination.fill(0);
      throw error;
    }
    return this.destination.subarray(0, this.loaded);
  }

  private async fetch(index: number): Promise<void> {
    const part = this.parts[index] as Part;
    const window = this.blob.window(part);
    const body = await this.blob.body(window);

    const start = part.offset - (this.parts[0] as Part).offset;
    const memory = this.destination.subarray(start, start + part.count);
    let at = 0;
    const take = (piece: Buffer): void => {
      // once a piece is freed, its length is 0
      this.loaded += piece.length;
      at += this.place(piece, memory.subarray(at));
      this.options.onProgress?.({ loadedBytes: this.loaded });
    };
    await openBody({ body, transform: this.blob.transformInto(window, memory), take, slice: this.slice });
    const isLast = index === this.parts.length - 1;
    if (at !== memory.length && !isLast) throw new DecryptionError();
  }

  /** Returns the number of bytes that are in their place now. */
  private place(piece: Buffer, place: Buffer): number {
    const isInPlace = piece.buffer === place.buffer && piece.byteOffset === place.byteOffset;
    if (isInPlace) return piece.length;
    const placed = piece.copy(place);
    this.blob.free(piece);
    return placed;
  }
}

/** The first part, as a guess: it ends where the next unit starts. */
function firstPart({ policy }: BlobContext, range: ByteRange, partLength: number): ByteRange {
  const { unitLength } = expectedLayout(policy, 'stream');
  const count = partEnd(range.offset, partLength, unitLength) - range.offset;
  return { offset: range.offset, count: Math.min(range.count ?? Infinity, count) };
}

const partEnd = (offset: number, partLength: number, unitLength: number): number =>
  Math.ceil((offset + partLength) / unitLength) * unitLength;

/** Where the range ends at the latest. Padding may hide up to 15 bytes fewer. */
function endOf({ offset, count }: ByteRange, { layout, stored }: OpenedBlob): number {
  const { most } = layout.plaintextBounds(stored.storedLength);
  return Math.max(offset, Math.min(most, offset + (count ?? Infinity)));
}

function partsOf(
  { offset, end }: { readonly offset: number; readonly end: number },
  { unitLength }: ContentLayout,
  partLength: number,
): readonly Part[] {
  const parts: Part[] = [];
  for (let at = offset; at < end;) {
    const next = Math.min(end, partEnd(at, partLength, unitLength));
    parts.push({ offset: at, count: next - at });
    at = next;
  }
  return parts.length > 0 ? parts : [{ offset, count: 0 }];
}

/** The part of the caller's memory to fill. Throws {@link InvalidOptionsError} if it is too small. */
function destinationOf(given: Uint8Array | undefined, length: number): Buffer | undefined {
  if (given === undefined) return undefined;
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
  return { ...rest, maxRetryRequests: maxRetryRequestsPerBlock };
}
