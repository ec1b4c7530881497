/** Content that is hashed while it is read, so that what is stored later can be compared with it. */
import { startSha256 } from '../../crypto/bytes.js';
import type { ByteSource } from '../../streams/source.js';

export interface HashedSource {
  readonly pieces: ByteSource;
  /** SHA-256 of the content, once all of it has been read. */
  readonly digest: () => Uint8Array;
}

export function hashed(content: ByteSource): HashedSource {
  const hash = startSha256();
  const pieces = (async function* () {
    for await (const piece of content) {
      hash.update(piece);
      yield piece;
    }
  })();
  let digest: Uint8Array | undefined;
  return { pieces, digest: () => (digest ??= hash.digest()) };
}
