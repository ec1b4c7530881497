/**
 * The stored bytes of a window, held back until its opener is sure of the order of regions: writers count them in different ways,
 * and a window whose first region could be two of them waits until another window, which settles it, has been opened.
 */
import { asBuffer } from '../crypto/bytes.js';
import type { CipherWindow } from '../protocol/protocol.js';
import type { Body } from '../streams/opened-stream.js';

export interface OrderProof {
  /** Bytes of a nonce, at the head of the window. */
  readonly nonceLength: number;
  /** What has to be opened first, told by the nonce. */
  readonly needed: (nonce: Uint8Array) => CipherWindow | null;
  /** Opens it; throws what is wrong with it. */
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
