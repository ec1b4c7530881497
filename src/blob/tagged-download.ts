/**
 * Downloads whole content whose ciphertext one tag covers (1.0 with integrity entries) to memory. Several parts of the ciphertext
 * are fetched at once, and nothing is opened before the tag over all of it has been verified.
 */
import { asBuffer } from '../crypto/bytes.js';
import type { CipherWindow, WholeTag } from '../protocol/protocol.js';
import { type Body, openBody } from '../streams/opened-stream.js';
import { TimeSlice } from '../streams/time-slice.js';
import { newMemory } from './download-memory.js';
import type { OpenedBlob } from './opened-blob.js';
import type { Extent } from './service-answer.js';

interface TaggedDownload {
  readonly window: CipherWindow;
  readonly wholeTag: WholeTag;
  /** Number of ciphertext bytes in a part. */
  readonly partLength: number;
  readonly concurrency: number;
  /** The caller's memory. Without it, the plaintext replaces the ciphertext. */
  readonly destination: Buffer | undefined;
  /** Called with the number of plaintext bytes whose ciphertext has arrived. */
  readonly onProgress: ((loadedBytes: number) => void) | undefined;
}

export async function downloadTagged(blob: OpenedBlob, download: TaggedDownload): Promise<Buffer> {
  const { window, wholeTag, destination } = download;
  const sealed = new SealedInPlace(window.count, destination);
  try {
    await fetchInto(sealed, blob, download);
    const slice = new TimeSlice();
    await openBody({ body: sealed, transform: wholeTag.check(), take: () => undefined, slice });
    let at = 0;
    const take = (piece: Buffer): void => {
      at += piece.copy(sealed.memory, at);
      blob.free(piece);
    };
    await openBody({ body: sealed, transform: blob.transform(window, 'checked'), take, slice });
    return sealed.memory.subarray(0, at);
  } catch (error) {
    sealed.memory.fill(0);
    throw error;
  }
}

/**
 * The ciphertext, in the memory of its later plaintext: opened bytes never overwrite those that are still sealed. Separate memory
 * would cost as much as the MAC.
 */
class SealedInPlace implements Body {
  readonly memory: Buffer;
  /** The bytes that padding adds, if the memory is only as long as the plaintext. */
  private readonly rest: Buffer;

  constructor(length: number, destination: Buffer | undefined) {
    this.memory = destination?.subarray(0, length) ?? newMemory(length);
    this.rest = Buffer.alloc(length - this.memory.length);
  }

  write(chunk: Buffer, at: number): void {
    const copied = at < this.memory.length ? chunk.copy(this.memory, at) : 0;
    if (copied < chunk.length) chunk.copy(this.rest, at + copied - this.memory.length, copied);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    yield this.memory;
    yield this.rest;
  }

  destroy(): void {
    // nobody waits for bytes that are in memory
  }
}

async function fetchInto(
  sealed: SealedInPlace,
  blob: OpenedBlob,
  { window, partLength, concurrency, onProgress }: TaggedDownload,
): Promise<void> {
  const extents = extentsOf(window.count, { partLength, atHand: blob.atHand });
  let loaded = 0;
  await blob.fetchAll(extents, concurrency, async (extent) => {
    let at = extent.offset;
    for await (const chunk of await blob.storedBytes(extent)) {
      sealed.write(asBuffer(chunk), at);
      at += chunk.length;
      loaded += chunk.length;
      onProgress?.(Math.min(loaded, window.take));
    }
  });
}

/** The first part comes from the open connection, if that has a first part. */
function extentsOf(
  length: number,
  { partLength, atHand }: { readonly partLength: number; readonly atHand: Extent | undefined },
): readonly Extent[] {
  const extents: Extent[] = [];
  let count = atHand?.offset === 0 && atHand.count > 0 ? atHand.count : partLength;
  for (let offset = 0; offset < length; offset += count, count = partLength) {
    count = Math.min(count, length - offset);
    extents.push({ offset, count });
  }
  return extents;
}
