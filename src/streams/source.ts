/** Sources of plaintext: everything that an upload accepts, read as chunks of bytes. */

/** Chunks of bytes. Each is valid until the next one is requested. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A source whose beginning has been read. */
export interface ReadAhead {
  /** Returns everything, from the first byte. */
  readonly source: ByteSource;
  readonly isLonger: boolean;
}

/** Reads until the source has ended or returned more than `length` bytes. Its chunks have to remain valid. */
export async function readAhead(source: AsyncGenerator<Uint8Array>, length: number): Promise<ReadAhead> {
  const chunks: Uint8Array[] = [];
  for (let read = 0; read <= length;) {
    const next = await source.next();
    if (next.done === true) return { source: chunks, isLonger: false };
    chunks.push(next.value);
    read += next.value.length;
  }
  return { source: replay(chunks, source), isLonger: true };
}

/** If the reader stops early, the source is ended too. */
async function* replay(chunks: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
