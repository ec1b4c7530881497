/** Answers a request for a scan: conditions, ranges, and plaintext that is decrypted no faster than the client takes it. */
import { HttpException, PreconditionFailedException } from '@nestjs/common';
import type { Response } from 'express';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EncryptedBlobProperties, EncryptedBlockBlobClient } from 'nestjs-azure-encrypted-storage';
import { type ByteRange, parseRange } from '../http/byte-range.js';
import { judge, rangeApplies, type Validators } from '../http/conditions.js';

export interface ScanRequest {
  readonly scan: EncryptedBlockBlobClient;
  readonly response: Response;
  readonly abortSignal: AbortSignal;
}

export async function answerScan(asked: ScanRequest): Promise<void> {
  const { scan, response, abortSignal } = asked;
  const { headers, method } = response.req;
  const properties = await scan.getProperties({ abortSignal });
  const current = validatorsOf(properties);
  const judgement = judge(headers, current, 'read');
  if (judgement === 'failed') throw new PreconditionFailedException('The scan is not the one that the request names');

  response.set(headersOf(properties, current));
  if (judgement === 'not-modified') {
    response.removeHeader('Content-Type');
    response.status(304).end();
    return;
  }
  const length = properties.plaintextContentLength;
  // only GET knows ranges
  const mayBePart = method === 'GET' && length !== undefined && rangeApplies(headers, current);
  const range = mayBePart ? rangeOf(asked, length) : null;
  if (length !== undefined) describeLength(response, range, length);
  if (method === 'HEAD') response.end();
  else await sendContent(asked, current, range);
}

export function validatorsOf({ etag = '', lastModified }: EncryptedBlobProperties): Validators {
  return { etag, ...(lastModified === undefined ? {} : { lastModified }) };
}

/** What somebody uploaded must not run as a page of ours, whatever type it was given. */
function headersOf({ contentType }: EncryptedBlobProperties, current: Validators): Record<string, string> {
  return {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Content-Type': contentType ?? 'application/octet-stream',
    ETag: current.etag,
    ...(current.lastModified === undefined ? {} : { 'Last-Modified': current.lastModified.toUTCString() }),
    'X-Content-Type-Options': 'nosniff',
  };
}

function rangeOf({ response }: ScanRequest, length: number): ByteRange | null {
  const range = parseRange(response.req.headers.range, length);
  if (range !== 'unsatisfiable') return range;
  response.set('Content-Range', `bytes */${length}`);
  throw new HttpException(`The scan has ${length} bytes`, 416);
}

function describeLength(response: Response, range: ByteRange | null, length: number): void {
  const { first, last } = range ?? { first: 0, last: length - 1 };
  response.set('Content-Length', String(last - first + 1));
  if (range !== null) response.status(206).set('Content-Range', `bytes ${first}-${last}/${length}`);
}

/** Nothing is sent before the first bytes are verified, so that a changed scan is answered as a problem. */
async function sendContent(asked: ScanRequest, { etag }: Validators, range: ByteRange | null): Promise<void> {
  const { scan, response, abortSignal } = asked;
  const { first, last } = range ?? { first: 0, last: Infinity };
  const count = last === Infinity ? undefined : last - first + 1;
  const { readableStreamBody, contentLength } = await scan.download(first, count, {
    abortSignal,
    conditions: { ifMatch: etag },
  });
  const content = (readableStreamBody as Readable | undefined) ?? Readable.from([]);
  // a failure right behind the first bytes may come before the pipeline listens; the pipeline then finds it
  content.on('error', () => undefined);
  await once(content, 'readable', { signal: abortSignal }).catch((error: unknown) => {
    content.destroy();
    throw error;
  });
  if (contentLength !== undefined) response.set('Content-Length', String(contentLength));
  await pipeline(content, response);
}
