/**
 * A stored blob that is ready to be read: first response -> encryption data -> key -> opener. A blob that was never encrypted has
 * an opener too, which changes nothing, so that a download reads both in the same way.
 */
import type { ByteTransform } from '../crypto/byte-transform.js';
import { freeMemory } from '../crypto/free-memory.js';
import { assertPlaintextAllowed } from '../envelope/encryption-policy.js';
import { integrityOf } from '../envelope/integrity/integrity-options.js';
import { expectedTagOf } from '../envelope/integrity/integrity-tag.js';
import type { EnvelopeOpener } from '../envelope/integrity/property-coverage.js';
import { keyOperation } from '../envelope/key-operation.js';
import type { StoredObject } from '../envelope/integrity/stored-object.js';
import { StaleContentError } from '../errors/integrity.js';
import { expectedLayout, openEnvelope, storedLayout } from '../envelope/envelope.js';
import type { ByteRange, CipherWindow, ContentLayout, Release, WholeTag } from '../protocol/protocol.js';
import { boundedMap } from '../streams/bounded-map.js';
import { type Body, discard, firstBytes, NO_BODY, openBody } from '../streams/opened-stream.js';
import type { SpanFacts } from '../tracing/span.js';
import { assertRange, type BlobContext, refuseHashes, refuseMisplacedConditions, targetOf } from './blob-context.js';
import { plaintextOpener } from './plaintext-opener.js';
import { provenBody } from './proven-body.js';
import { ReadRequests, type ReadOptions } from './read-requests.js';
import type { Extent } from './service-answer.js';
import { type FetchedBytes, type FirstAnswer, firstAnswer, type StoredBlob } from './stored-blob.js';
import { type Content, type Destination, isTagged, verifiedContent } from './verified-content.js';

/** Bytes at the end of a response that cost less to read than another request does. */
const MOST_EXCESS = 1024;

export class OpenedBlob {
  readonly stored: StoredBlob;
  /** The service's first response, which describes the stored bytes. */
  readonly response: FirstAnswer['response'];
  private fetched: FetchedBytes | undefined;
  /** Settles the order of regions, once for all windows. */
  private proven: Promise<unknown> | undefined;

  private constructor(
    private readonly context: BlobContext,
    private readonly requests: ReadRequests,
    private readonly opener: EnvelopeOpener,
    { stored, response, fetched }: FirstAnswer,
  ) {
    this.stored = stored;
    this.response = response;
    this.fetched = fetched;
  }

  /**
   * Requests the bytes that the range would need in the version that this policy writes. A correct guess saves a request; a wrong
   * one costs one. A read of the whole blob needs no guess.
   */
  static async open(context: BlobContext, range: ByteRange, options: ReadOptions): Promise<OpenedBlob> {
    assertRange(range.offset, range.count);
    refuseHashes(options);
    refuseMisplacedConditions(options);
    const expectedTag = expectedTagOf(context.policy, options);
    const requests = new ReadRequests(context.client, options);
    try {
      const answer = await firstAnswer(requests, guessOf(context, range));
      const { callersSignal: abortSignal } = requests;
      const opener = await openerOf(context, answer.stored, { ...options, expectedTag, abortSignal });
      return new OpenedBlob(context, requests, opener, answer);
    } catch (error) {
      requests.end();
      throw error;
    }
  }

  get isEncrypted(): boolean {
    return this.stored.encryptionData !== undefined;
  }

  /** Names the write of what is stored, if it has integrity entries that were verified. */
  get integrityTag(): string | undefined {
    return this.opener.integrityTag;
  }

  get layout(): ContentLayout {
    return this.opener.layout;
  }

  /** The window to fetch for a range of plaintext. */
  window(range: ByteRange): CipherWindow {
    return this.layout.window(range, this.stored.storedLength);
  }

  /** The stored bytes of a window, and how they become plaintext. */
  content(window: CipherWindow, destination: Destination): Promise<Content> {
    return verifiedContent(this.opener, window, { destination, fetch: () => this.body(window) });
  }

  /** All of the ciphertext, if one tag covers it and the window contains it. */
  wholeTag(window: CipherWindow): WholeTag | undefined {
    return isTagged(this.opener, window) ? this.opener.wholeTag : undefined;
  }

  /** The stored bytes of a window, for its {@link OpenedBlob.transform}. */
  async body(window: CipherWindow): Promise<Body> {
    const body = await this.storedBytes(window);
    const { opener } = this;
    const orderProof = opener.orderProof?.bind(opener);
    const { regions } = opener.layout;
    // the numbers of every writer start at the first region
    if (orderProof === undefined || regions === undefined || window.offset === 0) return body;
    return provenBody(body, {
      nonceLength: regions.nonceLength,
      needed: (nonce) => orderProof(window, nonce),
      prove: (proof) => (this.proven ??= this.openedLength(proof)),
    });
  }

  /** Bytes that came with the first response and have not been read yet. */
  get atHand(): Extent | undefined {
    return this.fetched?.extent;
  }

  /**
   * Stored bytes: those that came with the first response if they start at the same place and have all of them, otherwise those of a new
   * request.
   */
  async storedBytes(window: Extent): Promise<Body> {
    const { fetched } = this;
    this.fetched = undefined;
    if (fetched === undefined) return this.fetch(window);
    const { extent, connection } = fetched;
    const excess = extent.count - window.count;
    if (extent.offset !== window.offset || excess < 0 || excess > MOST_EXCESS) {
      discard(connection);
      return this.fetch(window);
    }
    const body = this.requests.resumed(connection, extent);
    return excess === 0 ? body : firstBytes(body, window.count);
  }

  /** From the stored bytes of a window to the requested plaintext. */
  transform(window: CipherWindow, release?: Release): ByteTransform {
    return this.opener.open(window, release);
  }

  /** The same for plaintext that belongs in this memory: some pieces are returned as views of their place there. */
  transformInto(window: CipherWindow, memory: Buffer): ByteTransform {
    return this.opener.openInto?.(window, memory) ?? this.transform(window);
  }

  /** Number of bytes of the whole plaintext. If padding hides it, opens the end of the content with another request. */
  async plaintextLength(): Promise<number> {
    const { least, most } = this.layout.plaintextBounds(this.stored.storedLength);
    if (least === most) return most;
    return least + (await this.openedLength(this.window({ offset: least, count: most - least })));
  }

  /** Fetches parts, several at once. The first failure ends the others, and is thrown when no part is in progress. */
  async fetchAll<Part>(
    parts: readonly Part[],
    concurrency: number,
    fetch: (part: Part) => Promise<void>,
  ): Promise<void> {
    const failures: unknown[] = [];
    const fetchOne = (part: Part): Promise<void> =>
      fetch(part).catch((error: unknown) => {
        failures.push(error);
        this.discard();
        throw error;
      });
    await boundedMap(parts, concurrency, fetchOne).catch(() => {
      throw failures[0];
    });
  }

  /** Frees the memory of a piece of plaintext when it is no longer needed. */
  free(piece: Buffer): void {
    // pieces of a blob that is not encrypted belong to the HTTP client
    if (this.isEncrypted) freeMemory(piece);
  }

  /** The attributes of a span for the blob. */
  get facts(): SpanFacts {
    const { encryptionData } = this.stored;
    return encryptionData === undefined
      ? {}
      : {
          protocol: encryptionData.protocol,
          keyId: encryptionData.wrappedKey.keyId,
          integrity: integrityOf(this.context.policy),
        };
  }

  /** Ends every request in progress and stops listening to the caller's abort signal. This is the last call of every read. */
  discard(): void {
    this.requests.end();
  }

  /** Opens a window and forgets its plaintext, except how long it is. */
  private async openedLength(window: CipherWindow): Promise<number> {
    let length = 0;
    const take = (piece: Buffer): void => {
      length += piece.length;
      this.free(piece);
    };
    await openBody({ body: await this.fetch(window), transform: this.transform(window), take });
    return length;
  }

  private async fetch(window: Extent): Promise<Body> {
    return window.count === 0 ? NO_BODY : this.requests.body(window);
  }
}

function guessOf({ policy }: BlobContext, range: ByteRange): Extent {
  if (range.offset === 0 && range.count === undefined) return { offset: 0, count: Infinity };
  const layout = expectedLayout(policy, 'stream');
  const { offset, count } = layout.window(range, Infinity);
  if (count === 0 || range.count === undefined) return { offset, count };
  // the content may end where the range ends, and what pads it may be needed
  const end = layout.ciphertextLength(range.offset + range.count);
  return { offset, count: Math.max(count, end - offset) };
}

/** Throws if the encryption data or the key is wrong, or with `PLAINTEXT_NOT_ALLOWED`. */
async function openerOf(
  context: BlobContext,
  stored: StoredBlob,
  options: ReadOptions & Pick<StoredObject, 'expectedTag'>,
): Promise<EnvelopeOpener> {
  const { form, storedLength, encryptionData } = stored;
  if (encryptionData === undefined) {
    assertPlaintextAllowed(context.policy, 'The blob');
    if (options.expectedTag !== undefined) throw new StaleContentError();
    return plaintextOpener;
  }
  // lengths that no writer can have produced are rejected before a key is called
  storedLayout(encryptionData, form).plaintextBounds(storedLength);
  const { keyEncryptionKey, regionOrder } = options;
  return openEnvelope(context.policy, encryptionData, {
    target: targetOf(context),
    form,
    storedLength,
    expectedTag: options.expectedTag,
    operation: keyOperation(options),
    keyEncryptionKey,
    regionOrder,
  });
}
