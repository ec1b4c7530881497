/**
 * Streams as sources of plaintext. A stream can be read once: one that was read before, even in part, would be stored as if what is
 * left of it were all, so it is refused. A stream that is fresh and empty is content of no bytes.
 */
import { Readable } from 'node:stream';
import { isUint8Array } from 'node:util/types';
import { SourceConsumedError, UnsupportedOperationError, UnsupportedValueError } from '../errors/input.js';
import { isWellFormed } from '../encoding/utf8.js';
import { keepError } from './opened-stream.js';
import type { ByteSource } from './source.js';

/** Streams that an upload reads, or has read. */
const claimed = new WeakSet<object>();

/** What streams of Node, of the web and of older copies of `readable-stream` say about themselves. */
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
 * Hands the chunks of a stream to `read`. Text is taken as UTF-8; anything else that is not bytes is refused.
 *
 * @throws `SOURCE_CONSUMED` if the stream was read before, is read by somebody else, or was destroyed: before `read` is called, or
 * when its first chunk is asked for
 */
export async function readOnce<Result>(
  stream: AsyncIterable<unknown>,
  read: (source: ByteSource) => Promise<Result>,
): Promise<Result> {
  if (claimed.has(stream)) throw new SourceConsumedError('is read by another upload, or was');
  assertUnread(stream);
  claimed.add(stream);
  const release = toleratesErrors(stream);
  const source = new StreamSource(stream);
  try {
    return await read(source);
  } finally {
    // one that nobody has touched may be uploaded again
    if (!source.isStarted) {
      claimed.delete(stream);
      release();
    }
  }
}

class StreamSource implements AsyncIterable<Uint8Array> {
  isStarted = false;

  constructor(private readonly stream: AsyncIterable<unknown>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    // it may have been read, or may have failed, while the key was awaited
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
    // a generator says nothing about itself: one that has ended looks like one that never had anything
    if (chunks === 0 && (iterator as unknown) === this.stream) {
      throw new SourceConsumedError('gave nothing, and a generator does not show whether it was read before');
    }
  }
}

/** Text in chunks that may cut a surrogate pair in two. */
class TextChunks {
  private half = '';

  take(chunk: string): Buffer {
    const text = this.half + chunk;
    this.half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    const whole = this.half === '' ? text : text.slice(0, -1);
    if (!isWellFormed(whole)) throw halfSurrogate();
    return Buffer.from(whole, 'utf8');
  }

  bytes(chunk: unknown): Uint8Array {
    this.end();
    if (isUint8Array(chunk)) return chunk;
    throw new UnsupportedOperationError('The stream gives objects, not bytes: pass a stream of Buffers or strings');
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

/** A stream may fail before its first chunk is asked for; that must not end the process. */
function toleratesErrors(stream: object): () => void {
  if (!(stream instanceof Readable)) return () => undefined;
  return keepError(stream);
}
