/** Plaintext from a body of ciphertext, passed on piece by piece or as a stream. */
import { Readable } from 'node:stream';
import type { ByteTransform } from '../crypto/byte-transform.js';
import { stepsOf } from '../crypto/steps.js';
import { TimeSlice } from './time-slice.js';

/** Stored bytes, read once, in the order in which they are stored. */
export interface Body extends AsyncIterable<Uint8Array> {
  /** Ends the body, even if a reader is waiting for the next bytes. */
  destroy(): void;
}

export const NO_BODY: Body = {
  async *[Symbol.asyncIterator]() {
    // no bytes
  },
  destroy: () => undefined,
};

/** Bytes that are made of those of another body, which ends with them. */
export const bodyFrom = (body: Body, bytes: () => AsyncGenerator<Uint8Array, void>): Body => ({
  [Symbol.asyncIterator]: bytes,
  destroy: () => body.destroy(),
});

/** The first bytes of a body. The few behind them are read too, so that the connection can serve again. */
export const firstBytes = (body: Body, count: number): Body =>
  bodyFrom(body, async function* () {
    let left = count;
    for await (const chunk of body) {
      if (left > 0) yield chunk.subarray(0, left);
      left = Math.max(0, left - chunk.length);
    }
  });

export interface OpenedBody {
  readonly body: Body;
  readonly transform: ByteTransform;
  /** Takes a piece of plaintext. It may return a promise to pause the reading. */
  readonly take: (piece: Buffer) => Promise<void> | void;
  /** Bodies that are read at the same time share one slice. */
  readonly slice?: TimeSlice;
}

/** Reads a body to its end, in small steps that leave the event loop free. */
export async function openBody({ body, transform, take, slice = new TimeSlice() }: OpenedBody): Promise<void> {
  for await (const chunk of body) {
    for (const step of stepsOf(chunk)) {
      while (slice.isSpent) await slice.breathe();
      await takeAll(transform.push(step), take);
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

/**
 * Lets a connection without a reader fail without ending the process; a reader still gets the error. Returns a function that
 * undoes it.
 */
export function keepError(connection: Readable): () => void {
  const ignore = (): void => undefined;
  connection.on('error', ignore);
  return () => {
    connection.off('error', ignore);
  };
}

/** Ends a connection that will not be read. */
export function discard(connection: Readable): void {
  keepError(connection);
  connection.destroy();
}

/** Back-pressure reaches the body. The reader gets the body's error, and `destroy` of the stream ends the body. */
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
    // the consumer of the piece, or of the progress event, may have ended the stream
    if (this.destroyed) return undefined;
    return new Promise((resolve) => (this.wake = resolve));
  }
}
