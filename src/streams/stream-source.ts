/**
 * Streams as sources of plaintext. A stream can be read only once. If part of it has been read, the rest would be stored as if it
 * were everything, so such a stream is rejected. A new stream that is empty is empty content.
 */
import { Readable } from 'node:stream';
import { isUint8Array } from 'node:util/types';
import { SourceConsumedError, UnsupportedOperationError, UnsupportedValueError } from '../errors/input.js';
import { keepError } from './opened-stream.js';
import type { ByteSource } from './source.js';

/** Streams that an upload is reading or has read. */
const claimed = new WeakSet<object>();

/** What streams of Node, web streams and older copies of `readable-stream` reveal about their state. */
interface StreamState {
  readonly readable?: unknown;
  readonly readableDidRead?: unknown;
  readonly readableEnded?: unknown;
  readonly destroyed?: unknown;
  readonly errored?: unknown;
  readonly locked?: unknown;
  readonly _readableState?: { readonly endEmitted?: unknown };
}

/** Whether an upload can read it chunk by chunk. */
export const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/**
 * Passes the chunks of a stream to `read`. Text is encoded as UTF-8. Anything else that is not bytes is rejected.
 *
 * @throws `SOURCE_CONSUMED` if the stream has been read, is being read elsewhere, or was destroyed. It is thrown before `read` is
 * called, or when the first chunk is requested.
 */
export async function readOnce<Result>(
  stream: AsyncIterable<unknown>,
  read: (source: ByteSource) => Promise<Result>,
): Promise<Result> {
  if (claimed.has(stream)) throw new SourceConsumedError('is read by another upload, or was');
  assertUnread(stream);
  claimed.add(stream);
  // a stream may fail before its first chunk is requested, which must not end the process
  const release = stream instanceof Readable ? keepError(stream) : undefined;
  const source = new StreamSource(stream);
  try {
    return await read(source);
  } finally {
    // a stream that nothing was read from may be uploaded again
    if (!source.isStarted) {
      claimed.delete(stream);
      release?.();
    }
  }
}

class StreamSource implements AsyncIterable<Uint8Array> {
  isStarted = false;

  constructor(private readonly stream: AsyncIterable<unknown>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    // it may have been read, or may have failed, while waiting for the key
    const { errored } = this.stream as StreamState;
    if (errored instanceof Error) throw errored;
    assertUnread(this.stream);
    this.isStarted = true;
    const iterator = this.stream[Symbol.asyncIterator]();
    let chunks = 0;
    const text = new TextChunks();
    for await (const chunk of { [Symbol.asyncIterator]: () => iterator }) {
      chunks += 1;
      yield typeof chunk === 'string' ? text.take(chunk) : text.bytes(chunk);
    }
    text.end();
    // a generator does not show its state: one that has ended looks like one that never had any chunks
    if (chunks === 0 && (iterator as unknown) === this.stream) {
      throw new SourceConsumedError('returned nothing, and a generator does not show whether it was read before');
    }
  }
}

/** Text in chunks, which may split a surrogate pair. */
class TextChunks {
  private half = '';

  take(chunk: string): Buffer {
    const text = this.half + chunk;
    this.half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    const whole = this.half === '' ? text : text.slice(0, -1);
    if (!whole.isWellFormed()) throw halfSurrogate();
    return Buffer.from(whole, 'utf8');
  }

  bytes(chunk: unknown): Uint8Array {
    this.end();
    if (isUint8Array(chunk)) return chunk;
    throw new UnsupportedOperationError('The stream returns objects, not bytes: pass a stream of Buffers or strings');
  }

  end(): void {
    if (this.half !== '') throw halfSurrogate();
  }
}

const halfSurrogate = (): UnsupportedValueError =>
  new UnsupportedValueError(
    null,
    'is not valid Unicode, it holds half a surrogate pair: pass well-formed text, or bytes',
  );

function assertUnread(stream: object): void {
  const { locked, destroyed, errored } = stream as StreamState;
  if (locked === true) throw new SourceConsumedError('is locked by another reader');
  if (destroyed === true) throw new SourceConsumedError('was destroyed', causeOf(errored));
  if (wasRead(stream)) throw new SourceConsumedError('was read before, to its end or in part', causeOf(errored));
}

function wasRead(stream: object): boolean {
  const { readable, readableDidRead, readableEnded, errored, _readableState } = stream as StreamState;
  return (
    readableDidRead === true ||
    readableEnded === true ||
    readable === false ||
    _readableState?.endEmitted === true ||
    (errored !== undefined && errored !== null) ||
    Readable.isDisturbed(stream as Readable)
  );
}

const causeOf = (errored: unknown): ErrorOptions => (errored instanceof Error ? { cause: errored } : {});
