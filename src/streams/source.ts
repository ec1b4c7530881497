/** Sources of plaintext: whatever an upload is given, read as chunks of bytes. */
import { createReadStream } from 'node:fs';
import { isAnyArrayBuffer } from 'node:util/types';
import { UnsupportedOperationError } from '../errors.js';

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

export const fileSource = (path: string): ByteSource => createReadStream(path, { highWaterMark: FILE_STEP });
