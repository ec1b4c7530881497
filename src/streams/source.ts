/** Sources of plaintext: whatever an upload is given, read as chunks of bytes. */
import { open } from 'node:fs/promises';
import { isAnyArrayBuffer } from 'node:util/types';
import { UnsupportedOperationError } from '../errors/input.js';

/** Chunks of bytes, each of them good until the next one is asked for. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes that are in memory. */
export type InMemory = Uint8Array | ArrayBuffer | ArrayBufferView;

/** Bytes read from a file at once. */
const FILE_STEP = 1024 * 1024;

/** The bytes themselves, not a copy. */
export function bytesOf(data: InMemory): Uint8Array {
  if (data instanceof Uint8Array) return data;
  return isAnyArrayBuffer(data) ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export const isInMemory = (body: unknown): body is InMemory => ArrayBuffer.isView(body) || isAnyArrayBuffer(body);

/** The chunks of a stream; text is taken as UTF-8, anything else that is not bytes is refused. */
export async function* streamSource(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    if (typeof chunk === 'string') yield Buffer.from(chunk, 'utf8');
    else if (chunk instanceof Uint8Array) yield chunk;
    else
      throw new UnsupportedOperationError('The stream gives objects, not bytes: pass a stream of Buffers or strings');
  }
}

/**
 * Reads one step ahead, into memory that serves again.
 *
 * @param length - bytes that are expected: a small file takes little memory
 */
export async function* fileSource(path: string, length = Infinity): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  const read = (memory: Buffer): Promise<number> => {
    const reading = file.read(memory, 0, memory.length).then(({ bytesRead }) => bytesRead);
    // is told when it is its turn
    reading.catch(() => undefined);
    return reading;
  };
  // a byte more, to see that there is no more
  const memoryLength = Math.min(FILE_STEP, length + 1);
  let [filling, spare] = [Buffer.allocUnsafeSlow(memoryLength), Buffer.allocUnsafeSlow(memoryLength)];
  let reading = read(filling);
  try {
    for (let filled = await reading; filled > 0; filled = await reading) {
      const chunk = filling.subarray(0, filled);
      [filling, spare] = [spare, filling];
      reading = read(filling);
      yield chunk;
    }
  } finally {
    await reading.catch(() => undefined);
    await file.close();
  }
}

/** A source whose beginning was read. */
export interface ReadAhead {
  /** Gives everything, from the first byte on. */
  readonly source: ByteSource;
  readonly isLonger: boolean;
}

/** Reads on until the source has ended or given more than `length` bytes. Its chunks have to stay good. */
export async function readAhead(source: ByteSource, length: number): Promise<ReadAhead> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const chunks: Uint8Array[] = [];
  for (let read = 0; read <= length;) {
    const next = await iterator.next();
    if (next.done === true) return { source: chunks, isLonger: false };
    chunks.push(next.value);
    read += next.value.length;
  }
  return { source: replay(chunks, iterator), isLonger: true };
}

/** Whoever stops reading early ends the source too. */
async function* replay(
  chunks: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array> | Iterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
