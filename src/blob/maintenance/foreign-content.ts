/**
 * Asks the application for the content of a blob in a foreign format. What the application throws concerns only that blob, unless
 * the service failed to return the stored bytes.
 */
import { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import { isAbort } from '../../aborts.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { isObject } from '../../option-rules.js';
import type { ByteSource } from '../../streams/source.js';
import type { ForeignContent, ForeignSource } from './foreign-source.js';

/**
 * The application could not read the blob, or returned the stored bytes unchanged. Its own error is dropped, because the text may
 * repeat content.
 */
export class ForeignSourceError extends Error {
  constructor(readonly code: 'FOREIGN_SOURCE_FAILED' | 'FOREIGN_SOURCE_UNCHANGED' = 'FOREIGN_SOURCE_FAILED') {
    super();
  }
}

interface StoredForeign {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly properties: BlobGetPropertiesResponse;
  /** Opens the stored bytes. */
  readonly open: () => Promise<Readable>;
  /** Keeps a stream until the blob is done, and then destroys it: the application may have left it half read. */
  readonly hold: (stream: Readable) => void;
}

interface OpenedForeign {
  readonly pieces: ByteSource;
  readonly length: number;
  readonly metadata: Record<string, string>;
}

/** `null` if the blob is not in that format. Throws `INVALID_OPTIONS` if the application returns something else. */
export async function openForeign(source: ForeignSource, stored: StoredForeign): Promise<OpenedForeign | null> {
  const { name, metadata, properties, hold } = stored;
  const bytes = new StoredBytes(stored);
  const read = async () => source.read({ name, metadata, properties, content: () => bytes.open() });
  const found = await Promise.race([read(), bytes.failed]).catch((error: unknown) => bytes.rethrow(error));
  if (found === null) return null;
  if (isObject(found) && found.content instanceof Readable) hold(found.content);
  const length = lengthOf(found);
  return { pieces: bytes.guard(found.content), length, metadata: { ...found.metadata } };
}

/**
 * The stored bytes, which remember why they could not be read. A function may pipe them, read only their beginning, or ignore
 * them: their failure must not keep the job waiting for the end of a pipe, which does not pass errors on.
 */
class StoredBytes {
  #failure: Error | undefined;
  #fail: (failure: Error) => void = () => undefined;
  /** Rejects as soon as the bytes cannot be read. A reader that ends early causes an `AbortError`. */
  readonly failed = new Promise<never>((_resolve, reject) => (this.#fail = reject));

  constructor(private readonly stored: Pick<StoredForeign, 'open' | 'hold'>) {
    this.failed.catch(() => undefined);
  }

  async open(): Promise<Readable> {
    const { open, hold } = this.stored;
    const stored = await open().catch((error: unknown) => this.#note(error));
    const bytes: Readable = Readable.from(this.#watched(stored, () => bytes.destroyed));
    hold(bytes);
    return bytes.on('error', (error) => isAbort(error) || this.#fail(error));
  }

  /** Remembers only the service's own failures, not that a reader has ended early. */
  async *#watched(stored: Readable, isEnded: () => boolean): AsyncGenerator<Uint8Array> {
    try {
      yield* stored as AsyncIterable<Uint8Array>;
    } catch (error) {
      if (isEnded()) throw error;
      this.#note(error);
    }
  }

  #note(error: unknown): never {
    this.#failure = error as Error;
    this.#fail(this.#failure);
    throw error;
  }

  async *guard(content: ForeignContent['content']): AsyncGenerator<Uint8Array> {
    if (content instanceof Uint8Array) {
      yield content;
      return;
    }
    this.failed.catch((failure: unknown) => content.destroy(failure as Error)).catch(() => undefined);
    try {
      for await (const piece of content as AsyncIterable<unknown>) yield bytesOf(piece);
    } catch (error) {
      this.rethrow(error);
    }
  }

  rethrow(error: unknown): never {
    if (this.#failure !== undefined) throw this.#failure;
    throw isEncryptedStorageError(error) ? error : new ForeignSourceError();
  }
}

/** Of the numbers in other typed arrays, only one byte each would remain. */
function bytesOf(piece: unknown): Buffer {
  if (typeof piece === 'string') return Buffer.from(piece);
  if (piece instanceof Uint8Array) return Buffer.from(piece);
  throw new ForeignSourceError();
}

/** The SDK would drop line breaks, and for other characters end the job with its own error. */
const isHeader = ([name, value]: [string, unknown]): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);

/** Throws for a faulty function, which concerns every blob. */
function lengthOf(found: ForeignContent): number {
  const { content, length, metadata } = isObject(found) ? (found as Partial<ForeignContent>) : {};
  const isBytes = content instanceof Uint8Array;
  const known = isBytes ? content.length : length;
  const faults = [
    ...(isBytes || isObject(content) ? [] : ['"content" must be bytes or a stream']),
    ...(Number.isSafeInteger(known) && (known as number) >= 0 ? [] : ['"length" must be the number of bytes']),
    ...(isObject(metadata) && Object.entries(metadata).every(isHeader)
      ? []
      : ['"metadata" must be an object of texts that headers can have']),
  ];
  if (faults.length > 0) throw new InvalidOptionsError(faults.map((fault) => `what "foreign" reads: ${fault}`));
  return known as number;
}
