/** Reads content that was never encrypted through the interface for encrypted content: its plaintext is what is stored. */
import { exactLength } from '../crypto/exact-length.js';
import type { ByteRange, CipherWindow, ContentLayout, ContentOpener } from '../protocol/protocol.js';

const layout: ContentLayout = {
  unitLength: 1,
  ciphertextLength: (plaintextLength) => plaintextLength,
  plaintextBounds: (storedLength) => ({ least: storedLength, most: storedLength }),
  window: windowOf,
};

/** Its pieces belong to the HTTP client. */
export const plaintextOpener: ContentOpener = { layout, open: ({ count }) => exactLength(count) };

function windowOf({ offset, count: asked = Infinity }: ByteRange, storedLength: number): CipherWindow {
  const end = Math.min(storedLength, offset + asked);
  const count = Math.max(0, end - offset);
  return { offset, count, reachesEnd: end === storedLength, skip: 0, take: count };
}
