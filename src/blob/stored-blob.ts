/**
 * A stored blob as a reader meets it: its length, ETag and encryption data. Every request after the first one is held to the
 * ETag of the first, so a blob that is overwritten in between is an error (412), never a mixture.
 */
import type { BlobDownloadOptions, BlobDownloadResponseParsed, BlobGetPropertiesResponse } from '@azure/storage-blob';
import { RestError } from '@azure/storage-blob';
import { assertPlaintextAllowed } from '../envelope/encryption-policy.js';
import { expectedLayout, openEnvelope, storedLayout } from '../envelope/envelope.js';
import { InvalidEncryptionDataError } from '../errors/content.js';
import type { ByteRange, CipherWindow, ContentForm, ContentOpener, RegionOrder } from '../protocol/protocol.js';
import { encryptionDataOf } from '../wire/blob-metadata.js';
import { type EncryptionData, parseEncryptionData } from '../wire/encryption-data.js';
import { discard, keepError } from '../streams/opened-stream.js';
import type { SpanFacts } from '../tracing/span.js';
import { type BlobContext, type EncryptedOperationOptions, keyOperation, targetOf } from './blob-context.js';

export interface ReadOptions extends Omit<BlobDownloadOptions, 'onProgress'>, EncryptedOperationOptions {
  readonly regionOrder?: RegionOrder;
}

/** What the first answer of the service told. */
export interface StoredBlob {
  readonly etag: string | undefined;
  /** Bytes as stored. */
  readonly storedLength: number;
  readonly form: ContentForm;
  /** Absent for a blob that was never encrypted. */
  readonly encryptionData?: EncryptionData;
}

/** What a span tells of a stored blob. */
export const factsOf = ({ encryptionData }: StoredBlob): SpanFacts =>
  encryptionData === undefined ? {} : { protocol: encryptionData.protocol, keyId: encryptionData.wrappedKey.keyId };

/** A first answer, with the body that was asked for by guess, if it has one. */
export interface FirstAnswer {
  readonly stored: StoredBlob;
  readonly response: BlobDownloadResponseParsed | BlobGetPropertiesResponse;
  readonly fetched?: FetchedBody;
}

export interface FetchedBody {
  readonly response: BlobDownloadResponseParsed;
  readonly offset: number;
  readonly count: number;
}

type AnyResponse = Pick<BlobGetPropertiesResponse, 'etag' | 'metadata' | 'blobType'>;

const RANGE_NOT_SATISFIABLE = 416;

/**
 * Asks for the bytes that the range needs if the blob is what this policy writes. A guess that is right saves a request; one
 * that is wrong costs one. A whole read needs no guess.
 */
export async function firstAnswer(context: BlobContext, range: ByteRange, options: ReadOptions): Promise<FirstAnswer> {
  const guess = guessWindow(context, range);
  if (guess.count === 0) return headAnswer(context, options);
  const response = await guessed(context, guess, options);
  if (response === null) return headAnswer(context, options);
  try {
    const stored = storedBlob(response, totalLength(response));
    return { stored, response, fetched: { response, offset: guess.offset, count: response.contentLength ?? 0 } };
  } catch (error) {
    discard(response.readableStreamBody);
    throw error;
  }
}

/** What the guess gives, or `null` where the blob ends before it. */
async function guessed(
  { client }: BlobContext,
  { offset, count }: Pick<CipherWindow, 'offset' | 'count'>,
  options: ReadOptions,
): Promise<BlobDownloadResponseParsed | null> {
  try {
    const response = await client.download(offset, Number.isFinite(count) ? count : undefined, passedOn(options));
    keepError(response.readableStreamBody);
    return response;
  } catch (error) {
    if (!(error instanceof RestError) || error.statusCode !== RANGE_NOT_SATISFIABLE) throw error;
    return null;
  }
}

async function headAnswer({ client }: BlobContext, options: ReadOptions): Promise<FirstAnswer> {
  const { abortSignal, conditions, tracingOptions, customerProvidedKey } = options;
  const response = await client.getProperties({ abortSignal, conditions, tracingOptions, customerProvidedKey });
  return { stored: storedBlob(response, response.contentLength ?? 0), response };
}

export function storedBlob(response: AnyResponse, storedLength: number): StoredBlob {
  const text = encryptionDataOf(response.metadata);
  return {
    etag: response.etag,
    storedLength,
    form: response.blobType === 'PageBlob' ? 'pages' : 'stream',
    ...(text === undefined ? {} : { encryptionData: parseEncryptionData(text) }),
  };
}

/** The opener of an encrypted blob, or `null` for one that was never encrypted and may be read all the same. */
export async function openStored(
  context: BlobContext,
  stored: StoredBlob,
  options: ReadOptions,
): Promise<ContentOpener | null> {
  if (stored.encryptionData === undefined) {
    assertPlaintextAllowed(context.policy, 'The blob');
    return null;
  }
  // lengths that no writer can have produced are refused before a key is asked
  storedLayout(stored.encryptionData, stored.form).plaintextBounds(stored.storedLength);
  return openEnvelope(context.policy, stored.encryptionData, {
    target: targetOf(context),
    form: stored.form,
    operation: keyOperation(options),
    ...(options.keyEncryptionKey === undefined ? {} : { keyEncryptionKey: options.keyEncryptionKey }),
    ...(options.regionOrder === undefined ? {} : { regionOrder: options.regionOrder }),
  });
}

/** A blob under the ETag of its first answer, and how it is read. */
export interface ReadBlob {
  readonly context: BlobContext;
  readonly stored: StoredBlob;
  readonly readOptions: ReadOptions;
}

/** The body of a window: the one fetched by guess if it is that, otherwise a request of its own under the same ETag. */
export async function bodyOf(
  blob: ReadBlob,
  fetched: FetchedBody | undefined,
  window: Pick<CipherWindow, 'offset' | 'count'>,
): Promise<BlobDownloadResponseParsed | null> {
  if (fetched?.offset === window.offset && fetched.count === window.count) return fetched.response;
  discard(fetched?.response.readableStreamBody);
  if (window.count === 0) return null;
  return fetchWindow(blob, window);
}

/** A request for a window under the ETag of the first answer. */
export async function fetchWindow(
  { context, stored, readOptions: options }: ReadBlob,
  window: Pick<CipherWindow, 'offset' | 'count'>,
): Promise<BlobDownloadResponseParsed> {
  const { leaseId } = options.conditions ?? {};
  const conditions = {
    ...(leaseId === undefined ? {} : { leaseId }),
    ...(stored.etag === undefined ? {} : { ifMatch: stored.etag }),
  };
  const response = await context.client.download(window.offset, window.count, passedOn({ ...options, conditions }));
  keepError(response.readableStreamBody);
  return response;
}

function guessWindow({ policy }: BlobContext, range: ByteRange): Pick<CipherWindow, 'offset' | 'count'> {
  if (range.offset === 0 && range.count === undefined) return { offset: 0, count: Infinity };
  return expectedLayout(policy, 'blob', 'stream').window(range, Infinity);
}

function passedOn(options: ReadOptions): BlobDownloadOptions {
  const { keyEncryptionKey: _key, regionOrder: _order, ...passed } = options;
  return passed;
}

/** Bytes of the whole stored blob, of an answer that may hold a part. */
function totalLength(response: BlobDownloadResponseParsed): number {
  const total = response.contentRange?.split('/')[1];
  const length = total === undefined ? response.contentLength : Number(total);
  if (length === undefined || !Number.isSafeInteger(length)) {
    throw new InvalidEncryptionDataError('the service did not tell the length of the blob');
  }
  return length;
}
