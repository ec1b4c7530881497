/** How uploads and downloads are split: defaults, limits of the service, and which values are refused before any request. */
import { InvalidOptionsError, PayloadTooLargeError } from '../errors/input.js';
import { refuse } from '../option-rules.js';

/** Default number of ciphertext bytes in a block. */
export const DEFAULT_BLOCK_LENGTH = 4 * 1024 * 1024;
/** Default number of concurrent blocks; the SDK's default. */
export const DEFAULT_CONCURRENCY = 5;
/** Maximum number of blocks in a block blob; the service's limit. */
export const MAX_BLOCKS = 50_000;
/** Maximum length of a block in bytes; the service's limit. */
export const MAX_BLOCK_LENGTH = 4000 * 1024 * 1024;
/** Maximum length in bytes of a blob that is written in one request; the service's limit. */
const MAX_SINGLE_SHOT_LENGTH = 5000 * 1024 * 1024;
/** Length of a page in bytes. */
const PAGE_LENGTH = 512;
/** Maximum length of a page blob in bytes; the service's limit. */
const MAX_PAGE_BLOB_LENGTH = 8 * 1024 ** 4;

/** How a transfer is split, in bytes, and how much of it is in flight at once. */
interface TransferShape {
  readonly blockSize?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly maxSingleShotSize?: number | undefined;
}

/** The blocks of one upload. */
export interface BlockPlan {
  /** Bytes of ciphertext. */
  readonly blockLength: number;
  readonly concurrency: number;
}

/** Throws {@link InvalidOptionsError} with all faults. A transfer that cannot begin must not look like an empty one. */
export function assertTransferShape({ blockSize, concurrency, maxSingleShotSize }: TransferShape): void {
  const inRange = (value: number | undefined, least: number, most: number): boolean =>
    value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most);
  refuse([
    ...(inRange(blockSize, 1, MAX_BLOCK_LENGTH) ? [] : [`"blockSize" must be from 1 to ${MAX_BLOCK_LENGTH} bytes`]),
    ...(inRange(concurrency, 1, Infinity) ? [] : ['"concurrency" must be a whole number from 1']),
    ...(inRange(maxSingleShotSize, 0, MAX_SINGLE_SHOT_LENGTH)
      ? []
      : [`"maxSingleShotSize" must be from 0 to ${MAX_SINGLE_SHOT_LENGTH} bytes`]),
  ]);
}

/** Throws {@link InvalidOptionsError} unless it is a number of bytes. */
export function assertContentLength(length: number): void {
  if (Number.isSafeInteger(length) && length >= 0) return;
  throw new InvalidOptionsError([`"contentLength" must be a whole number of bytes from 0, not ${length}`]);
}

/** Throws `INVALID_OPTIONS` or `PAYLOAD_TOO_LARGE` for a length that no page blob can have. */
export function assertPageBlobLength(length: number): void {
  assertContentLength(length);
  if (length % PAGE_LENGTH !== 0) {
    throw new InvalidOptionsError([`a page blob holds a multiple of ${PAGE_LENGTH} bytes, not ${length}`]);
  }
  if (length > MAX_PAGE_BLOB_LENGTH) throw new PayloadTooLargeError('The page blob', MAX_PAGE_BLOB_LENGTH, length);
}

/**
 * The blocks of a block blob. Content that fits into a single request is one block. Without a `blockSize`, the blocks of large
 * content are as long as necessary.
 *
 * @throws `PAYLOAD_TOO_LARGE` if the content would need more blocks than a blob may have
 */
export function blockPlan(shape: TransferShape, ciphertextLength: number | undefined): BlockPlan {
  const { blockSize, concurrency = DEFAULT_CONCURRENCY, maxSingleShotSize } = shape;
  const wanted = blockSize ?? DEFAULT_BLOCK_LENGTH;
  if (ciphertextLength === undefined) return { blockLength: wanted, concurrency };
  if (ciphertextLength <= (maxSingleShotSize ?? wanted)) {
    return { blockLength: Math.max(1, ciphertextLength), concurrency };
  }
  const most = MAX_BLOCKS * (blockSize ?? MAX_BLOCK_LENGTH);
  if (ciphertextLength > most) throw blocksTooMany(most, ciphertextLength);
  return { blockLength: blockSize ?? Math.max(wanted, Math.ceil(ciphertextLength / MAX_BLOCKS)), concurrency };
}

/** The error for content in more blocks than a blob may have. In bytes of ciphertext. */
export const blocksTooMany = (limitBytes: number, actualBytes: number): PayloadTooLargeError =>
  new PayloadTooLargeError(`The blob in ${MAX_BLOCKS} blocks ("blockSize" may be larger)`, limitBytes, actualBytes);
