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
import type { BlobContext, EncryptedReadOptions } from './blob-context.js';
import { OpenedBlob } from './opened-blob.js';
import type { ReadOptions } from './read-requests.js';
import { openTraced } from './download.js';
import { newMemory } from './download-memory.js';
import { downloadTagged } from './tagged-download.js';
import { assertTransferShape, DEFAULT_BLOCK_LENGTH, DEFAULT_CONCURRENCY } from './transfer-shape.js';

export interface ToBufferOptions extends BlobDownloadToBufferOptions, EncryptedReadOptions {}

interface BufferRange extends ByteRange {
  readonly destination?: Uint8Array;
}

/** A part of the requested plaintext. */
type Part = Required<ByteRange>;

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
    // fetching and opening of all parts are one span, since they overlap
    return await openTraced(blob, readOptions, async (record) => {
      const plaintext = await download(blob, range, options);
      record({ ...blob.facts, plaintextBytes: plaintext.length });
      return plaintext;
    });
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
    return new PartsDownload(blob, destination, options).run(parts);
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

class PartsDownload {
  private loaded = 0;
  private readonly slice = new TimeSlice();

  constructor(
    private readonly blob: OpenedBlob,
    private readonly destination: Buffer,
    private readonly options: ToBufferOptions,
  ) {}

  async run(parts: readonly Part[]): Promise<Buffer> {
    const { concurrency = DEFAULT_CONCURRENCY } = this.options;
    const from = parts[0]?.offset ?? 0;
    try {
      await this.blob.fetchAll(parts, concurrency, (part) => this.fetch(part, part.offset - from));
    } catch (error) {
      this.destination.fill(0);
      throw error;
    }
    return this.destination.subarray(0, this.loaded);
  }

  /** @param start - place of the part in the destination */
  private async fetch(part: Part, start: number): Promise<void> {
    const window = this.blob.window(part);
    const body = await this.blob.body(window);

    const end = start + part.count;
    const memory = this.destination.subarray(start, end);
    let at = 0;
    const take = (piece: Buffer): void => {
      // once a piece is freed, its length is 0
      this.loaded += piece.length;
      at += this.place(piece, memory.subarray(at));
      this.options.onProgress?.({ loadedBytes: this.loaded });
    };
    await openBody({ body, transform: this.blob.transformInto(window, memory), take, slice: this.slice });
    const isLast = end === this.destination.length;
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
