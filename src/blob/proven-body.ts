/**
 * The stored bytes of a window, held back until the order of regions is certain. Writers use different nonce schemes. If the
 * first region of a window could be one of two, the window waits until another window that settles the question has been opened.
 */
import { asBuffer } from '../crypto/bytes.js';
import type { CipherWindow } from '../protocol/protocol.js';
import { type Body, bodyFrom } from '../streams/opened-stream.js';

interface OrderProof {
  /** Length of a nonce at the start of the window. */
  readonly nonceLength: number;
  /** Returns what has to be opened first, given the nonce. */
  readonly needed: (nonce: Uint8Array) => CipherWindow | null;
  /** Opens that window, and throws if anything is wrong with it. */
  readonly prove: (window: CipherWindow) => Promise<unknown>;
}

export const provenBody = (body: Body, { nonceLength, needed, prove }: OrderProof): Body =>
  bodyFrom(body, async function* () {
    let head: Buffer | null = Buffer.alloc(0);
    for await (const chunk of body) {
      if (head === null) {
        yield chunk;
        continue;
      }
      head = head.length === 0 ? asBuffer(chunk) : Buffer.concat([head, chunk]);
      if (head.length < nonceLength) continue;
      const window = needed(head.subarray(0, nonceLength));
      if (window !== null) await prove(window);
      yield head;
      head = null;
    }
    if (head !== null) yield head;
  });
