/**
 * What a response to a read must contain before its bytes are used. Some proxies drop or rewrite headers, and nothing in
 * plaintext or in content of 1.0 would show that these are not the requested bytes.
 */
import type { Readable } from 'node:stream';
import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import { InvalidServiceResponseError } from '../errors/transfer.js';

/** Stored bytes of a blob. */
export interface Extent {
  readonly offset: number;
  /** `Infinity` for everything up to the end. */
  readonly count: number;
}

/** The state of a blob that all requests of a read are tied to. */
export interface BlobState {
  readonly etag: string;
  /** Number of stored bytes of the whole blob. */
  readonly storedLength: number;
}

/** Throws {@link InvalidServiceResponseError} if the response does not say which state of the blob it describes. */
export function stateOf({ etag }: { readonly etag?: string }, storedLength: number | undefined): BlobState {
  if (etag === undefined || etag === '') throw new InvalidServiceResponseError('has no ETag');
  if (storedLength === undefined || !Number.isSafeInteger(storedLength)) {
    throw new InvalidServiceResponseError('does not say how long the blob is');
  }
  return { etag, storedLength };
}

/** The state of the blob. Throws {@link InvalidServiceResponseError} unless the response has exactly the requested bytes. */
export function answeredState(response: BlobDownloadResponseParsed, { offset, count }: Extent): BlobState {
  const [first, last, total] = answeredRange(response);
  const end = Math.min(offset + count, total);
  if (first !== offset || last !== end - 1 || bodyLength(response) !== end - offset) {
    throw new InvalidServiceResponseError('is for another range than the requested one');
  }
  return stateOf(response, total);
}

/** Number of content bytes in the body. With checksums, the body itself is longer. */
export function bodyLength(response: BlobDownloadResponseParsed): number | undefined {
  const { structuredContentLength } = response._response.parsedHeaders as { structuredContentLength?: number };
  return structuredContentLength ?? response.contentLength;
}

/** The body, which is always a stream in Node. */
export const connectionOf = ({ readableStreamBody }: BlobDownloadResponseParsed): Readable =>
  readableStreamBody as Readable;

function answeredRange({ contentRange }: BlobDownloadResponseParsed): [first: number, last: number, total: number] {
  // for an empty blob the emulator returns 0--1/0
  const [, first, last, total] = /^bytes (\d{1,16})-(-1|\d{1,16})\/(\d{1,16})$/.exec(contentRange ?? '') ?? [];
  if (total === undefined) throw new InvalidServiceResponseError('has no Content-Range with the length of the blob');
  return [Number(first), Number(last), Number(total)];
}
