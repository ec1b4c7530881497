/**
 * The requests of one read. All requests after the first are tied to its ETag, so a blob that is overwritten in between is an
 * error (412), never a mixture.
 */
import type { Readable } from 'node:stream';
import type {
  BlobClient,
  BlobDownloadOptions,
  BlobDownloadResponseParsed,
  BlobGetPropertiesResponse,
  BlobRequestConditions,
} from '@azure/storage-blob';
import { aborted, type LinkedAbort, linkedAbort } from '../aborts.js';
import { InvalidServiceResponseError } from '../errors/transfer.js';
import type { RegionOrder } from '../protocol/protocol.js';
import { isRangeNotSatisfiable } from '../service-errors.js';
import { type Body, discard, keepError } from '../streams/opened-stream.js';
import type { EncryptedReadOptions } from './blob-context.js';
import { ResumedBody } from './resumed-body.js';
import { answeredState, type BlobState, connectionOf, type Extent, stateOf } from './service-answer.js';

export interface ReadOptions extends Omit<BlobDownloadOptions, 'onProgress'>, EncryptedReadOptions {
  readonly regionOrder?: RegionOrder;
}

/**
 * The count that is requested for a whole blob. Without a range, a response shows only its own length and not that of the blob,
 * so an emptied response would look like an empty blob.
 */
const MOST = Number.MAX_SAFE_INTEGER;
/** Default number of times that a body is resumed; the SDK's default. */
const DEFAULT_RESUMPTIONS = 5;

export class ReadRequests {
  private readonly client: BlobClient;
  /** Created when it is needed: a signal costs the SDK as much as the rest of a short read. */
  private abort: LinkedAbort | undefined;
  private readonly open = new Set<Readable>();
  /** Number of requests that have not been answered. */
  private unanswered = 0;
  private isEnded = false;
  private state: BlobState | undefined;

  constructor(
    client: BlobClient,
    private readonly options: ReadOptions,
  ) {
    // getProperties does not have this option
    this.client = options.snapshot === undefined ? client : client.withSnapshot(options.snapshot);
  }

  /** For the work until the first response has arrived and its key is unwrapped, which only the caller's signal can end. */
  get callersSignal(): AbortSignal | undefined {
    return this.options.abortSignal === undefined ? undefined : this.signal;
  }

  /** The first bytes, under the caller's conditions; `null` if the blob ends before them. */
  async first(extent: Extent): Promise<BlobDownloadResponseParsed | null> {
    try {
      const response = await this.request(extent, this.options.conditions, this.callersSignal);
      this.hold(answeredState(response, extent));
      return response;
    } catch (error) {
      if (!isRangeNotSatisfiable(error)) throw error;
      return null;
    }
  }

  /** The first response for the blob, without any of its bytes. */
  async properties(): Promise<BlobGetPropertiesResponse> {
    const { conditions, tracingOptions, customerProvidedKey } = this.options;
    const { callersSignal: abortSignal } = this;
    const response = await this.client.getProperties({ abortSignal, conditions, tracingOptions, customerProvidedKey });
    this.state = stateOf(response, response.contentLength);
    return response;
  }

  /** The bytes of an extent within the blob. */
  async body(extent: Extent): Promise<Body> {
    return this.resumed(await this.fetch(extent), extent);
  }

  /** The bytes of an extent, the first of them from an open connection. */
  resumed(connection: Readable, { offset, count }: Extent): Body {
    const { maxRetryRequests: tries = DEFAULT_RESUMPTIONS } = this.options;
    return new ResumedBody(connection, {
      length: count,
      tries: tries < 0 ? DEFAULT_RESUMPTIONS : tries,
      fetchFrom: (received) => this.fetch({ offset: offset + received, count: count - received }),
      isAborted: () => this.isEnded || this.abort?.controller.signal.aborted === true,
    });
  }

  /** Ends requests in progress and stops listening to the caller's signal. */
  end(): void {
    this.isEnded = true;
    this.abort?.unlink();
    const isReading = [...this.open].some(({ readableEnded }) => !readableEnded);
    // not of a complete read: an abort creates an exception with its stack
    if (isReading || this.unanswered > 0) this.abort?.controller.abort();
    this.open.forEach(discard);
  }

  /** Aborts with the caller's signal, and when the read ends. */
  private get signal(): AbortSignal {
    return (this.abort ??= linkedAbort(this.options.abortSignal)).controller.signal;
  }

  private async fetch(extent: Extent): Promise<Readable> {
    // a body that breaks at that moment may ask for the rest
    if (this.isEnded) throw aborted();
    const { leaseId } = this.options.conditions ?? {};
    const response = await this.request(extent, { leaseId, ifMatch: this.state?.etag }, this.signal);
    this.hold(answeredState(response, extent));
    return connectionOf(response);
  }

  private async request(
    extent: Extent,
    conditions: BlobRequestConditions | undefined,
    abortSignal: AbortSignal | undefined,
  ): Promise<BlobDownloadResponseParsed> {
    const { keyEncryptionKey: _key, regionOrder: _order, expectedIntegrityTag: _tag, ...others } = this.options;
    const { snapshot: _snapshot, ...passed } = others;
    const { offset, count } = extent;
    this.unanswered += 1;
    try {
      const response = await this.client.download(offset, Math.min(count, MOST), {
        ...passed,
        conditions,
        abortSignal,
        maxRetryRequests: 0,
      });
      this.watch(connectionOf(response));
      return response;
    } catch (error) {
      nameMissingHeader(error);
    } finally {
      this.unanswered -= 1;
    }
  }

  /** Until it has closed. */
  private watch(connection: Readable): void {
    keepError(connection);
    this.open.add(connection);
    connection.once('close', () => this.open.delete(connection));
  }

  private hold(state: BlobState): void {
    this.state ??= state;
    if (state.etag !== this.state.etag || state.storedLength !== this.state.storedLength) {
      throw new InvalidServiceResponseError('describes another state of the blob than the requested one');
    }
  }
}

/** The SDK rejects such responses with an error that has no code. */
function nameMissingHeader(error: unknown): never {
  const [, header] = /response doesn't contain valid ([a-z ]+) header/.exec((error as Error).message) ?? [];
  if (error instanceof RangeError && header !== undefined) throw new InvalidServiceResponseError(`has no ${header}`);
  throw error;
}
