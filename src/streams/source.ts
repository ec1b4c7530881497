/** Sources of plaintext: whatever an upload is given, read as chunks of bytes. */

/** Chunks of bytes, each of them good until the next one is asked for. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

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
