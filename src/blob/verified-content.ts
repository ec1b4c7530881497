/**
 * How whole content whose ciphertext one tag covers (1.0 with integrity entries) is read, depending on where it goes:
 *
 *     partial   a file that nobody sees before it is complete: opened as it arrives, and deleted if the tag is wrong
 *     stream    up to 8 MiB of ciphertext wait in memory until the tag is verified. Longer content is read twice if unverified
 *               plaintext is refused (twice-read-body.ts); otherwise the stream fails at its end
 *     device    a file that others may be reading: like a stream, and always read twice if it is longer
 *
 * None of them takes memory that grows with the content.
 */
import type { ByteTransform } from '../crypto/byte-transform.js';
import type { CipherWindow, ContentOpener, Release } from '../protocol/protocol.js';
import { type Body, bodyFrom, openBody, type OpenedBody } from '../streams/opened-stream.js';
import type { WrittenFile } from '../streams/whole-file.js';
import { twiceReadBody } from './twice-read-body.js';

/** Where plaintext goes. */
export type Destination = WrittenFile | 'stream';

/** Stored bytes that become plaintext. */
export type Content = Pick<OpenedBody, 'body' | 'transform'>;

/** Number of ciphertext bytes that are held in memory until they are verified. */
const MOST_HELD = 8 * 1024 * 1024;

/** Whether the window has everything that one tag covers. */
export const isTagged = ({ wholeTag }: ContentOpener, { offset, reachesEnd }: CipherWindow): boolean =>
  wholeTag !== undefined && offset === 0 && reachesEnd;

/**
 * @param fetch - requests the stored bytes of the window, each time that it is called
 */
export async function verifiedContent(
  opener: ContentOpener,
  window: CipherWindow,
  { fetch, destination }: { readonly fetch: () => Promise<Body>; readonly destination: Destination },
): Promise<Content> {
  const body = await fetch();
  const opened = (release: Release, from: Body): Content => ({ body: from, transform: opener.open(window, release) });
  const { wholeTag } = opener;
  if (wholeTag === undefined || !isTagged(opener, window)) return opened('verified', body);
  if (destination === 'partial') return opened('opened', body);
  if (window.count <= MOST_HELD) return opened('checked', heldBody(body, wholeTag.check()));
  const mustVerifyFirst = destination === 'device' || wholeTag.unverified === 'refused';
  return mustVerifyFirst ? opened('checked', twiceReadBody(body, wholeTag.check(), fetch)) : opened('opened', body);
}

/** Bytes that are held in memory until all of them have been checked. */
const heldBody = (body: Body, check: ByteTransform): Body =>
  bodyFrom(body, async function* () {
    const held: Uint8Array[] = [];
    const kept = bodyFrom(body, async function* () {
      for await (const chunk of body) {
        held.push(chunk);
        yield chunk;
      }
    });
    await openBody({ body: kept, transform: check, take: () => undefined });
    yield* held;
  });
