/** A stream of plaintext over a stream of ciphertext. */
import { Readable } from 'node:stream';
import type { ByteTransform } from '../crypto/byte-transform.js';
import { stepsOf, TimeSlice } from './time-slice.js';

export interface OpenedStream {
  readonly body: NodeJS.ReadableStream;
  readonly transform: ByteTransform;
  /** Called with the bytes of plaintext released so far. */
  readonly onPlaintext?: (releasedBytes: number) => void;
}

/** Back-pressure reaches the body; whoever ends first, by error or by `destroy`, ends the other. */
export function openedStream({ body, transform, onPlaintext }: OpenedStream): Readable {
  const plaintext = Readable.from(open(body, transform, onPlaintext), { objectMode: false });
  plaintext.once('close', () => {
    discard(body);
  });
  return plaintext;
}

/** Ends a body that nobody will read, so that its connection is free. */
export function discard(body: NodeJS.ReadableStream | undefined): void {
  if (body === undefined) return;
  body.on('error', () => undefined);
  (body as Readable).destroy();
}

/** Reads a body to its end, in small steps that leave the event loop free; bodies that are read at once share a slice. */
export async function* openedPieces(
  body: NodeJS.ReadableStream,
  transform: ByteTransform,
  slice = new TimeSlice(),
): AsyncGenerator<Buffer> {
  for await (const chunk of body as AsyncIterable<Buffer>) {
    for (const step of stepsOf(chunk)) {
      yield* transform.push(step);
      await slice.breathe();
    }
  }
  yield* transform.finish();
}

async function* open(
  body: NodeJS.ReadableStream,
  transform: ByteTransform,
  onPlaintext?: (releasedBytes: number) => void,
): AsyncGenerator<Buffer> {
  let released = 0;
  for await (const piece of openedPieces(body, transform)) {
    released += piece.length;
    yield piece;
    onPlaintext?.(released);
  }
}
