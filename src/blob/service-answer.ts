/**
 * What an answer to a read must say before its bytes are used. Proxies that drop or rewrite headers exist, and content of 1.0 and
 * plaintext have nothing else that would show that these are not the bytes asked for.
 */
import type { Readable } from 'node:stream';
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import { InvalidServiceResponseError } from '../errors/transfer.js';

/** Stored bytes of a blob. */
export interface Extent {
  readonly offset: number;
  /** `Infinity` for all up to the end. */
  readonly count: number;
}

/** The state of a blob that all requests of a read are held to. */
export interface BlobState {
  readonly etag: string;
  /** Bytes of the whole blob as stored. */
  readonly storedLength: number;
}

/** Throws {@link InvalidServiceResponseError} if the answer does not say which state of the blob it describes. */
export function stateOf({ etag }: { readonly etag?: string }, storedLength: number | undefined): BlobState {
  if (etag === undefined || etag === '') throw new InvalidServiceResponseError('has no ETag');
  if (storedLength === undefined || !Number.isSafeInteger(storedLength)) {
    throw new InvalidServiceResponseError('does not say how long the blob is');
  }
  return { etag, storedLength };
}

/** The state of the blob; throws {@link InvalidServiceResponseError} unless the answer holds just the bytes asked for. */
export function answeredState(response: BlobDownloadResponseParsed, { offset, count }: Extent): BlobState {
  const [first, last, total] = answeredRange(response);
  const end = Math.min(offset + count, total);
  if (first !== offset || last !== end - 1 || bodyLength(response) !== end - offset) {
    throw new InvalidServiceResponseError('is for another range than the one asked for');
  }
  return stateOf(response, total);
}

/** Bytes of the content in the body; with checksums the body itself is longer. */
export function bodyLength(response: BlobDownloadResponseParsed): number | undefined {
  const { structuredContentLength } = response._response.parsedHeaders as { structuredContentLength?: number };
  return structuredContentLength ?? response.contentLength;
}

/** The body, as what it always is in Node. */
export const connectionOf = ({ readableStreamBody }: BlobDownloadResponseParsed): Readable =>
  readableStreamBody as Readable;

function answeredRange({ contentRange }: BlobDownloadResponseParsed): [first: number, last: number, total: number] {
  // the emulator answers for an empty blob with 0--1/0
  const [, first, last, total] = /^bytes (\d{1,16})-(-1|\d{1,16})\/(\d{1,16})$/.exec(contentRange ?? '') ?? [];
  if (total === undefined) throw new InvalidServiceResponseError('has no Content-Range with the length of the blob');
  return [Number(first), Number(last), Number(total)];
}
