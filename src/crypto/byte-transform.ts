/** Bytes in, bytes out, synchronously. Every cipher in this package has this shape, and streams and time slicing build on it. */
export interface ByteTransform {
  /** Takes the next bytes and returns what is ready, possibly nothing. */
  push(chunk: Uint8Array): readonly Buffer[];
  /** Ends the content and returns the rest. */
  finish(): readonly Buffer[];
}

/** Runs a transform over content that is already in memory. */
export function runAll(transform: ByteTransform, content: Uint8Array): Buffer {
  const pieces = transform.push(content);
  const rest = transform.finish();
  const [first = Buffer.alloc(0)] = pieces;
  return pieces.length === 1 && rest.length === 0 ? first : Buffer.concat([...pieces, ...rest]);
}

/** Passes the output of `first` to `second`. */
export function chain(first: ByteTransform, second: ByteTransform): ByteTransform {
  const through = (pieces: readonly Buffer[]): readonly Buffer[] => {
    const [piece] = pieces;
    if (piece === undefined) return pieces;
    return pieces.length === 1 ? second.push(piece) : pieces.flatMap((each) => [...second.push(each)]);
  };
  return {
    push: (chunk) => through(first.push(chunk)),
    finish: () => [...through(first.finish()), ...second.finish()],
  };
}
