/** Bytes in, bytes out, synchronously. Every cipher in this package has this shape, and streams and time slicing build on it. */
export interface ByteTransform {
  /** Takes the next bytes and returns what is ready, possibly nothing. */
  push(chunk: Uint8Array): readonly Buffer[];
  /** Ends the content and returns the rest. */
  finish(): readonly Buffer[];
}

/** Runs a transform over content that is already in memory. */
export function runAll(transform: ByteTransform, content: Uint8Array): Buffer {
  return Buffer.concat([...transform.push(content), ...transform.finish()]);
}

/** Passes the output of `first` to `second`. */
export function chain(first: ByteTransform, second: ByteTransform): ByteTransform {
  const through = (pieces: readonly Buffer[]): Buffer[] => pieces.flatMap((piece) => [...second.push(piece)]);
  return {
    push: (chunk) => through(first.push(chunk)),
    finish: () => [...through(first.finish()), ...second.finish()],
  };
}
