/**
 * A stored blob that is ready to be read: first answer -> encryption data -> key -> opener. A blob that was never encrypted has an
 * opener too, which changes nothing, so that a download reads both in one way.
 */
import type { ByteTransform } from '../crypto/byte-transform.js';
import { freeMemory } from '../crypto/free-memory.js';
import { assertPlaintextAllowed } from '../envelope/encryption-policy.js';
import { expectedLayout, openEnvelope, storedLayout } from '../envelope/envelope.js';
import type { ByteRange, CipherWindow, ContentLayout, ContentOpener, Release, WholeTag } from '../protocol/protocol.js';
import { type Body, discard, NO_BODY, openBody } from '../streams/opened-stream.js';
import type { SpanFacts } from '../tracing/span.js';
import { assertRange, type BlobContext, keyOperation, refuseHashes, targetOf } from './blob-context.js';
import { plaintextOpener } from './plaintext-opener.js';
import { ProvenBody } from './proven-body.js';
import { ReadRequests, type ReadOptions } from './read-requests.js';
import type { Extent } from './service-answer.js';
import { type FetchedBytes, type FirstAnswer, firstAnswer, type StoredBlob } from './stored-blob.js';
import { type Content, type Destination, isTagged, verifiedContent } from './verified-content.js';

export class OpenedBlob {
  readonly stored: StoredBlob;
  /** The service's first answer, which describes what is stored. */
  readonly response: FirstAnswer['response'];
  private fetched: FetchedBytes | undefined;
  /** That the order of regions is known: once for all windows. */
  private proven: Promise<void> | undefined;

  private constructor(
    private readonly requests: ReadRequests,
    { stored, response, fetched }: FirstAnswer,
    private readonly opener: ContentOpener,
  ) {
    this.stored = stored;
    this.response = response;
    this.fetched = fetched;
  }

  /**
   * Asks for the bytes that the range needs if the blob is what this policy writes. A guess that is right saves a request; one
   * that is wrong costs one. A whole read needs no guess.
   */
  static async open(context: BlobContext, range: ByteRange, options: ReadOptions): Promise<OpenedBlob> {
    assertRange(range.offset, range.count);
    refuseHashes(options);
    const requests = new ReadRequests(context.client, options);
    try {
      const answer = await firstAnswer(requests, guessOf(context, range));
      const opener = await openerOf(context, answer.stored, { ...options, abortSignal: requests.signal });
      return new OpenedBlob(requests, answer, opener);
    } catch (error) {
      requests.end();
      throw error;
    }
  }

  get isEncrypted(): boolean {
    return this.stored.encryptionData !== undefined;
  }

  get layout(): ContentLayout {
    return this.opener.layout;
  }

  /** What is fetched for a range of plaintext. */
  window(range: ByteRange): CipherWindow {
    return this.layout.window(range, this.stored.storedLength);
  }

  /** The stored bytes of a window and their way to plaintext that goes there. */
  content(window: CipherWindow, destination: Destination): Promise<Content> {
    return verifiedContent(this.opener, window, { destination, fetch: () => this.body(window) });
  }

  /** All of the ciphertext, where one tag covers it and the window has it. */
  wholeTag(window: CipherWindow): WholeTag | undefined {
    return isTagged(this.opener, window) ? this.opener.wholeTag : undefined;
  }

  /** The stored bytes of a window, for its {@link OpenedBlob.transform}. */
  async body(window: CipherWindow): Promise<Body> {
    const body = await this.storedBytes(window);
    const { opener } = this;
    const orderProof = opener.orderProof?.bind(opener);
    const { regions } = opener.layout;
    // the first region is where the count of every writer starts
    if (orderProof === undefined || regions === undefined || window.offset === 0) return body;
    return new ProvenBody(body, {
      nonceLength: regions.nonceLength,
      needed: (nonce) => orderProof(window, nonce),
      prove: (proof) => (this.proven ??= this.openAndForget(proof)),
    });
  }

  /** Bytes that came with the first answer, if there are any that were not read yet. */
  get atHand(): Extent | undefined {
    return this.fetched?.extent;
  }

  /** Stored bytes as they are: those that came with the first answer if they are it, otherwise a request for them. */
  async storedBytes(window: Extent): Promise<Body> {
    const { fetched } = this;
    this.fetched = undefined;
    if (fetched === undefined) return this.fetch(window);
    const { extent, connection } = fetched;
    if (extent.offset === window.offset && extent.count === window.count)
      return this.requests.resumed(connection, extent);
    discard(connection);
    return this.fetch(window);
  }

  /** From the stored bytes of a window to the plaintext asked for. */
  transform(window: CipherWindow, release?: Release): ByteTransform {
    return this.opener.open(window, release);
  }

  /** Bytes of the whole plaintext. Where padding hides it, opens the end of the content, in a request. */
  async plaintextLength(): Promise<number> {
    const { least, most } = this.layout.plaintextBounds(this.stored.storedLength);
    if (least === most) return most;
    const window = this.window({ offset: least, count: most - least });
    let length = least;
    const take = (piece: Buffer): void => {
      length += piece.length;
    };
    await openBody({ body: await this.fetch(window), transform: this.transform(window), take });
    return length;
  }

  /** Gives the memory of a piece of plaintext back, once nobody needs it. */
  free(piece: Buffer): void {
    // pieces of a blob that is not encrypted are the HTTP client's own
    if (this.isEncrypted) freeMemory(piece);
  }

  /** What a span says of the blob. */
  get facts(): SpanFacts {
    const { encryptionData } = this.stored;
    return encryptionData === undefined
      ? {}
      : { protocol: encryptionData.protocol, keyId: encryptionData.wrappedKey.keyId };
  }

  /** Ends every request that is still under way and lets go of the caller's abort signal: the last call of every read. */
  discard(): void {
    this.requests.end();
  }

  private async openAndForget(window: CipherWindow): Promise<void> {
    const take = (piece: Buffer): void => {
      this.free(piece);
    };
    await openBody({ body: await this.fetch(window), transform: this.transform(window), take });
  }

  private async fetch(window: Extent): Promise<Body> {
    return window.count === 0 ? NO_BODY : this.requests.body(window);
  }
}

function guessOf({ policy }: BlobContext, range: ByteRange): Extent {
  if (range.offset === 0 && range.count === undefined) return { offset: 0, count: Infinity };
  return expectedLayout(policy, 'stream').window(range, Infinity);
}

/** Throws what is wrong with the encryption data or the key, or `PLAINTEXT_NOT_ALLOWED`. */
async function openerOf(context: BlobContext, stored: StoredBlob, options: ReadOptions): Promise<ContentOpener> {
  const { form, storedLength, encryptionData } = stored;
  if (encryptionData === undefined) {
    assertPlaintextAllowed(context.policy, 'The blob');
    return plaintextOpener;
  }
  // lengths that no writer can have produced are refused before a key is asked
  storedLayout(encryptionData, form).plaintextBounds(storedLength);
  const { keyEncryptionKey, regionOrder } = options;
  return openEnvelope(context.policy, encryptionData, {
    target: targetOf(context),
    form,
    storedLength,
    operation: keyOperation(options),
    ...(keyEncryptionKey === undefined ? {} : { keyEncryptionKey }),
    ...(regionOrder === undefined ? {} : { regionOrder }),
  });
}
