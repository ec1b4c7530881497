/**
 * Content that is read twice: first all of it, to verify the tag, then again to be opened. The second answer may differ from the
 * first, even under the same ETag. So a digest of each piece of the first answer is kept, and a piece of the second is released
 * only if it is the same.
 */
import { equalBytes, startSha256 } from '../crypto/bytes.js';
import type { ByteTransform } from '../crypto/byte-transform.js';
import { DecryptionError } from '../errors/content.js';
import { type Body, bodyFrom, openBody } from '../streams/opened-stream.js';

/** Number of bytes in a piece. One is held in memory at a time, and 32 bytes are kept of each. */
const PIECE_LENGTH = 4 * 1024 * 1024;

/** @param fetch - requests the same bytes again */
export function twiceReadBody(first: Body, check: ByteTransform, fetch: () => Promise<Body>): Body {
  const digests: Buffer[] = [];
  const noted = bodyFrom(first, async function* () {
    for await (const { chunks, digest } of piecesOf(first)) {
      digests.push(digest);
      yield* chunks;
    }
  });
  let current = noted;
  return {
    async *[Symbol.asyncIterator]() {
      await openBody({ body: noted, transform: check, take: () => undefined });
      current = await fetch();
      for await (const { chunks, digest } of piecesOf(current)) {
        const expected = digests.shift();
        if (expected === undefined || !equalBytes(digest, expected)) throw new DecryptionError();
        yield* chunks;
      }
      if (digests.length > 0) throw new DecryptionError();
    },
    destroy: () => current.destroy(),
  };
}

interface Piece {
  readonly chunks: readonly Uint8Array[];
  readonly digest: Buffer;
}

/** All of them have the same length, except the last one. */
async function* piecesOf(body: Body): AsyncGenerator<Piece, void> {
  let piece = new GrowingPiece();
  for await (const chunk of body) {
    for (let rest = chunk; rest.length > 0;) {
      rest = rest.subarray(piece.add(rest));
      if (piece.length < PIECE_LENGTH) continue;
      yield piece.end();
      piece = new GrowingPiece();
    }
  }
  if (piece.length > 0) yield piece.end();
}

class GrowingPiece {
  length = 0;
  private readonly chunks: Uint8Array[] = [];
  private readonly hash = startSha256();

  /** Returns the number of bytes that still fit. */
  add(chunk: Uint8Array): number {
    const part = chunk.subarray(0, PIECE_LENGTH - this.length);
    this.hash.update(part);
    this.chunks.push(part);
    this.length += part.length;
    return part.length;
  }

  end(): Piece {
    return { chunks: this.chunks, digest: this.hash.digest() };
  }
}
