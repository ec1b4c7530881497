/**
 * Asks the application for the content of a blob in a format of others. What the application throws concerns that blob alone, unless
 * the service failed to give the stored bytes.
 */
import { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { isObject } from '../../option-rules.js';
import type { ByteSource } from '../../streams/source.js';
import type { ForeignContent, ForeignSource } from './foreign-source.js';

/** The application could not read the blob. Its own error is dropped, because the text may repeat content. */
export class ForeignSourceError extends Error {
  readonly code = 'FOREIGN_SOURCE_FAILED';
}

export interface StoredForeign {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly properties: BlobGetPropertiesResponse;
  /** Opens the stored bytes. */
  readonly open: () => Promise<Readable>;
  /** Keeps a stream until the blob is done, and then destroys it: the application may have left it half read. */
  readonly hold: (stream: Readable) => void;
}

export interface OpenedForeign {
  readonly pieces: ByteSource;
  readonly length: number;
  readonly metadata: Record<string, string>;
}

/** `null` if the blob is not in that format. Throws `INVALID_OPTIONS` if the application returns something else. */
export async function openForeign(source: ForeignSource, stored: StoredForeign): Promise<OpenedForeign | null> {
  const { name, metadata, properties, hold } = stored;
  const bytes = new StoredBytes(stored);
  const read = async () => source.read({ name, metadata, properties, content: () => bytes.open() });
  const found = await read().catch((error: unknown) => bytes.rethrow(error));
  if (found === null) return null;
  if (isObject(found) && found.content instanceof Readable) hold(found.content);
  const length = lengthOf(found);
  return { pieces: bytes.guard(found.content), length, metadata: { ...found.metadata } };
}

/** The stored bytes, which remember why they could not be read. */
class StoredBytes {
  #failure: Error | undefined;

  constructor(private readonly stored: Pick<StoredForeign, 'open' | 'hold'>) {}

  async open(): Promise<Readable> {
    const { open, hold } = this.stored;
    try {
      const stream = Readable.from(this.#watched(await open()));
      hold(stream);
      return stream;
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }

  /** A reader that ends early ends this generator without an error, so only the service's own failures are remembered. */
  async *#watched(stored: Readable): AsyncGenerator<Uint8Array> {
    try {
      yield* stored as AsyncIterable<Uint8Array>;
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }

  async *guard(content: ForeignContent['content']): AsyncGenerator<Uint8Array> {
    if (content instanceof Uint8Array) {
      yield content;
      return;
    }
    try {
      for await (const piece of content as AsyncIterable<Uint8Array | string>) yield Buffer.from(piece as Uint8Array);
    } catch (error) {
      this.rethrow(error);
    }
  }

  rethrow(error: unknown): never {
    if (this.#failure !== undefined) throw this.#failure;
    throw isEncryptedStorageError(error) ? error : new ForeignSourceError();
  }
}

/** Throws for a function with a fault, which concerns every blob. */
function lengthOf(found: ForeignContent): number {
  const { content, length, metadata } = isObject(found) ? (found as Partial<ForeignContent>) : {};
  const isBytes = content instanceof Uint8Array;
  const known = isBytes ? content.length : length;
  const faults = [
    ...(isBytes || isObject(content) ? [] : ['"content" must be bytes or a stream']),
    ...(Number.isSafeInteger(known) && (known as number) >= 0 ? [] : ['"length" must be the number of bytes']),
    ...(isObject(metadata) && Object.values(metadata).every((value) => typeof value === 'string')
      ? []
      : ['"metadata" must be an object of texts']),
  ];
  if (faults.length > 0) throw new InvalidOptionsError(faults.map((fault) => `what "foreign" reads: ${fault}`));
  return known as number;
}
