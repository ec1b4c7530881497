/** Plaintext out of a body of ciphertext: to whoever takes it piece by piece, or as a stream. */
import { Readable } from 'node:stream';
import type { ByteTransform } from '../crypto/byte-transform.js';
import { stepsOf, TimeSlice } from './time-slice.js';

/** Stored bytes, read once, in the order they are stored in. */
export interface Body extends AsyncIterable<Uint8Array> {
  /** Ends it, whoever is waiting for the next bytes. */
  destroy(): void;
}

/** A body without bytes. */
export const NO_BODY: Body = {
  async *[Symbol.asyncIterator]() {
    // gives nothing
  },
  destroy: () => undefined,
};

export interface OpenedBody {
  readonly body: Body;
  readonly transform: ByteTransform;
  /** Takes a piece that was opened; may ask for a pause. */
  readonly take: (piece: Buffer) => Promise<void> | void;
  /** Bodies that are read at once share one. */
  readonly slice?: TimeSlice;
}

/** Reads a body to its end, in small steps that leave the event loop free. */
export async function openBody({ body, transform, take, slice = new TimeSlice() }: OpenedBody): Promise<void> {
  for await (const chunk of body) {
    for (const step of stepsOf(chunk)) {
      await takeAll(transform.push(step), take);
      if (slice.isSpent) await slice.breathe();
    }
  }
  await takeAll(transform.finish(), take);
}

async function takeAll(pieces: readonly Buffer[], take: OpenedBody['take']): Promise<void> {
  for (const piece of pieces) {
    const pause = take(piece);
    if (pause !== undefined) await pause;
  }
}

/** A connection that has no reader may fail without ending the process; a reader still gets the error. Undone by what it returns. */
export function keepError(connection: Readable): () => void {
  const ignore = (): void => undefined;
  connection.on('error', ignore);
  return () => {
    connection.off('error', ignore);
  };
}

/** Ends a connection that nobody will read from. */
export function discard(connection: Readable): void {
  keepError(connection);
  connection.destroy();
}

/** Back-pressure reaches the body. Its failure is told to whoever reads on; the stream's end by `destroy` ends the body. */
export class OpenedStream extends Readable {
  private opening: Promise<void> | null = null;
  private released = 0;
  private isWanted = false;
  private wake: (() => void) | null = null;

  /** @param onPlaintext - called with the bytes of plaintext released so far */
  constructor(
    private readonly content: Pick<OpenedBody, 'body' | 'transform'>,
    private readonly onPlaintext?: (releasedBytes: number) => void,
  ) {
    super({ highWaterMark: 64 * 1024 });
  }

  override _read(): void {
    this.isWanted = true;
    this.opening ??= this.open();
    this.wake?.();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.content.body.destroy();
    this.wake?.();
    done(error);
  }

  private async open(): Promise<void> {
    try {
      await openBody({ ...this.content, take: (piece) => this.release(piece) });
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private release(piece: Buffer): Promise<void> | undefined {
    if (this.destroyed) return undefined;
    this.isWanted = this.push(piece);
    this.released += piece.length;
    this.onPlaintext?.(this.released);
    return this.isWanted ? undefined : this.untilWanted();
  }

  private untilWanted(): Promise<void> | undefined {
    // whoever took the piece, or was told of it, may have ended the stream
    if (this.destroyed) return undefined;
    return new Promise((resolve) => (this.wake = resolve));
  }
}
