/**
 * The stored bytes of a window, held back until the order of regions is certain. Writers use different nonce schemes. If the
 * first region of a window could be one of two, the window waits until another window that settles the question has been opened.
 */
import { asBuffer } from '../crypto/bytes.js';
import type { CipherWindow } from '../protocol/protocol.js';
import type { Body } from '../streams/opened-stream.js';

interface OrderProof {
  /** Length of a nonce at the start of the window. */
  readonly nonceLength: number;
  /** Returns what has to be opened first, given the nonce. */
  readonly needed: (nonce: Uint8Array) => CipherWindow | null;
  /** Opens that window, and throws if anything is wrong with it. */
  readonly prove: (window: CipherWindow) => Promise<void>;
}

export class ProvenBody implements Body {
  constructor(
    private readonly body: Body,
    private readonly proof: OrderProof,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const { nonceLength } = this.proof;
    let head: Buffer | null = Buffer.alloc(0);
    for await (const chunk of this.body) {
      if (head === null) {
        yield chunk;
        continue;
      }
      head = head.length === 0 ? asBuffer(chunk) : Buffer.concat([head, chunk]);
      if (head.length < nonceLength) continue;
      const window = this.proof.needed(head.subarray(0, nonceLength));
      if (window !== null) await this.proof.prove(window);
      yield head;
      head = null;
    }
    if (head !== null) yield head;
  }

  destroy(): void {
    this.body.destroy();
  }
}
