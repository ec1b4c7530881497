/**
 * Answers a GET or HEAD request with an encrypted blob: conditions, one range, and plaintext that is decrypted no faster than the
 * client reads it. Two requests to storage: properties, then the content under their ETag.
 */
import {
  HttpException,
  HttpStatus,
  NotFoundException,
  PreconditionFailedException,
  StreamableFile,
} from '@nestjs/common';
import type { BlobClient } from '@azure/storage-blob';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { EncryptedBlobReader } from '../../blob/encrypted-blob-reader.js';
import type { EncryptedBlobProperties } from '../../blob/metadata.js';
import { UnsupportedOperationError } from '../../errors/input.js';
import { isChanged, isMissing, retryOnConflict } from '../../service-errors.js';
import { type RequestedRange, requestedRange } from './byte-range.js';
import { judgeRead, rangeApplies, type Validators } from './conditions.js';
import { disconnectSignal, type HttpExchange, rawResponse } from './http-exchange.js';

/** Maximum number of attempts if the blob is replaced in the meantime. */
const ATTEMPTS = 3;

/** How a response describes the content. The default is the blob's own description. */
export interface SendBlobOptions {
  /** Media type. The default is the blob's, or else `application/octet-stream`. */
  readonly contentType?: string;
  /** Such as `attachment; filename="scan.png"`. The default is the blob's. */
  readonly contentDisposition?: string;
  /** The default is the blob's, or else `private, no-cache`, so that no shared cache keeps plaintext. */
  readonly cacheControl?: string;
}

/** A blob to send, as a block blob or as a page blob. */
export type SentBlob = EncryptedBlobReader<BlobClient>;

/** The content that a response carries, both ends inclusive. */
interface Part {
  readonly range: RequestedRange | null;
  /** Bytes of the whole plaintext, if they are known. */
  readonly total: number | undefined;
}

interface Answer extends HttpExchange {
  readonly blob: SentBlob;
  readonly options: SendBlobOptions;
  readonly abortSignal: AbortSignal;
}

/**
 * Answers a request with the content of a blob. Works with Express and Fastify, in handlers of GET and HEAD routes that inject the
 * response with `@Res({ passthrough: true })`. {@link EncryptedBlobInterceptor} calls it for you.
 *
 * - `If-Match`, `If-Unmodified-Since`, `If-None-Match`, `If-Modified-Since`: 412 or 304 as in RFC 9110. ETags are those of the service.
 * - `Range`, with `If-Range` if it is an ETag: 206 with one range of plaintext, or 416. Several separate ranges are
 *   answered with the whole content.
 * - HEAD: the headers of GET. `Content-Length` is missing for 1.0 blobs without integrity entries, whose length only decryption shows.
 *
 * Nothing is sent before the first bytes have been verified. If a later part turns out to be changed, the connection is closed
 * before the announced length is reached. If the client disconnects, the download stops.
 *
 * @returns the body; `undefined` for a 304
 * @throws Nest's exceptions for 404, 412 and 416; the errors of `download` and the service's own unchanged
 *
 * @example
 * ```ts
 * import { Controller, Get, Param, Req, Res, type StreamableFile } from '@nestjs/common';
 * import type { Request, Response } from 'express';
 * import { type EncryptedContainerClient, InjectEncryptedContainer, sendEncryptedBlob } from 'nestjs-azure-encrypted-storage';
 *
 * @Controller('reports')
 * export class ReportsController {
 *   constructor(@InjectEncryptedContainer('reports') private readonly reports: EncryptedContainerClient) {}
 *
 *   @Get(':name')
 *   read(
 *     @Param('name') name: string,
 *     @Req() request: Request,
 *     @Res({ passthrough: true }) response: Response,
 *   ): Promise<StreamableFile | undefined> {
 *     const contentDisposition = 'attachment; filename="report.pdf"';
 *     return sendEncryptedBlob(this.reports.getBlockBlobClient(name), { request, response }, { contentDisposition });
 *   }
 * }
 * ```
 */
export async function sendEncryptedBlob(
  blob: SentBlob,
  { request, response }: HttpExchange,
  options: SendBlobOptions = {},
): Promise<StreamableFile | undefined> {
  const answer = { blob, request, response, options, abortSignal: disconnectSignal({ request, response }) };
  return retryOnConflict({
    attempts: ATTEMPTS,
    abortSignal: answer.abortSignal,
    attempt: () => answerOnce(answer),
    isConflict: isChanged,
  });
}

async function answerOnce(answer: Answer): Promise<StreamableFile | undefined> {
  const { blob, request, response, abortSignal } = answer;
  const properties = await blob.getProperties({ abortSignal }).catch((cause: unknown) => {
    throw isMissing(cause) ? new NotFoundException('There is no such content', { cause }) : cause;
  });
  const current: Validators = { etag: properties.etag ?? '', lastModified: properties.lastModified };
  const judgement = judgeRead(request.headers, current);
  if (judgement === 'failed')
    throw new PreconditionFailedException('The content is not in the state that the request names');
  if (judgement === 'not-modified') {
    describe(answer, properties);
    response.status(HttpStatus.NOT_MODIFIED);
    return request.method === 'HEAD' ? new StreamableFile(Readable.from([])) : undefined;
  }
  if (request.method === 'HEAD') return headOnly(answer, properties);
  return content(answer, properties, await partFor(answer, properties, current));
}

/** HEAD has the headers of GET for the whole content (RFC 9110, 9.3.2), and no range. */
function headOnly(answer: Answer, properties: EncryptedBlobProperties): StreamableFile {
  const { plaintextContentLength: length } = properties;
  describe(answer, properties);
  if (length !== undefined) answer.response.header('Content-Length', String(length));
  answer.response.header('Content-Type', typeOf(answer, properties));
  return new StreamableFile(Readable.from([]));
}

async function partFor(answer: Answer, properties: EncryptedBlobProperties, current: Validators): Promise<Part> {
  const { headers } = answer.request;
  const { range: header } = headers;
  const known = properties.plaintextContentLength;
  if (typeof header !== 'string' || !rangeApplies(headers, current)) return { range: null, total: known };
  const total = known ?? (await measuredLength(answer, properties));
  const range = requestedRange(header, total);
  if (range !== 'unsatisfiable') return { range, total };
  answer.response.header('Content-Range', `bytes */${total}`);
  throw new HttpException(`The content has ${total} bytes`, HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE);
}

/** Padding hides up to 16 bytes (1.0): the end is decrypted to find the length of the plaintext. */
async function measuredLength({ blob, abortSignal }: Answer, properties: EncryptedBlobProperties): Promise<number> {
  const { contentLength = 0, etag } = properties;
  const offset = Math.max(0, contentLength - LONGEST_PADDING);
  const end = await blob.download(offset, undefined, { abortSignal, conditions: { ifMatch: etag } });
  (end.readableStreamBody as Readable | undefined)?.destroy();
  return offset + (end.contentLength ?? 0);
}

/** Bytes. */
const LONGEST_PADDING = 16;

async function content(answer: Answer, properties: EncryptedBlobProperties, wanted: Part): Promise<StreamableFile> {
  const { part, download } = await opened(answer, properties, wanted);
  const { response } = answer;
  const body = (download.readableStreamBody as Readable | undefined) ?? Readable.from([]);
  await firstBytes(body, answer.abortSignal);
  // whatever fails from here on must not look like the end of the content
  body.once('error', () => {
    rawResponse(response).destroy();
  });
  try {
    describe(answer, properties);
  } catch (error) {
    body.destroy();
    throw error;
  }
  if (part.range !== null) {
    response.status(HttpStatus.PARTIAL_CONTENT);
    response.header('Content-Range', `bytes ${part.range.first}-${part.range.last}/${part.total}`);
  }
  response.header('Content-Length', String(download.contentLength ?? 0));
  response.header('Content-Type', typeOf(answer, properties));
  return new StreamableFile(body).setErrorHandler(() => undefined).setErrorLogger(() => undefined);
}

/** If a range of 1.0 may not be read because it cannot be verified, the whole content is sent. */
async function opened(answer: Answer, { etag }: EncryptedBlobProperties, part: Part) {
  const { blob, abortSignal } = answer;
  const options = { abortSignal, conditions: { ifMatch: etag } };
  const { first, last } = part.range ?? { first: 0, last: -1 };
  try {
    const count = part.range === null ? undefined : last - first + 1;
    return { part, download: await blob.download(first, count, options) };
  } catch (error) {
    if (part.range === null || !(error instanceof UnsupportedOperationError)) throw error;
    return { part: { range: null, total: part.total }, download: await blob.download(0, undefined, options) };
  }
}

/** Waits until the first bytes are verified, so that changed content is answered with an error. */
async function firstBytes(body: Readable, signal: AbortSignal): Promise<void> {
  // a failure right after the first bytes may occur before anything listens
  body.on('error', () => undefined);
  try {
    await once(body, 'readable', { signal });
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** The headers that a 304 has as well (RFC 9110, 15.4.5), and those that protect the application's own pages. */
function describe({ response, options }: Answer, properties: EncryptedBlobProperties): void {
  const headers = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': options.cacheControl ?? properties.cacheControl ?? 'private, no-cache',
    ETag: properties.etag,
    'Last-Modified': properties.lastModified?.toUTCString(),
    'Content-Disposition': options.contentDisposition ?? properties.contentDisposition,
    'Content-Encoding': properties.contentEncoding,
    'Content-Language': properties.contentLanguage,
    'X-Content-Type-Options': 'nosniff',
  };
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && value !== '') response.header(name, value);
  }
}

const typeOf = ({ options }: Answer, { contentType }: EncryptedBlobProperties): string =>
  options.contentType ?? contentType ?? 'application/octet-stream';
