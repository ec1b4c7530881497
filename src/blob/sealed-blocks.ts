/**
 * Splits ciphertext into blocks and sends several at once, in memory that is limited: `concurrency` blocks in flight and one that is
 * being filled. A block is a Buffer, so a retry of the SDK sends exactly the same ciphertext again.
 */
import type { BlockMemory } from './block-memory.js';

export interface BlockSending {
  /** Number of ciphertext bytes in a block. The last one may be shorter. */
  readonly blockLength: number;
  readonly concurrency: number;
  /** Where memory comes from, and where it is left for other uploads. */
  readonly memory: Pick<BlockMemory, 'take' | 'give'>;
  /** Bytes that may be kept there. */
  readonly keptMemory: number;
  /** Completes a full block before it is sent. Resolves to the block, whose memory may be different. */
  readonly complete: (block: Buffer) => Promise<Buffer>;
  /** Resolves when the memory of the block may be filled again. */
  readonly send: (block: Buffer, index: number) => Promise<void>;
}

export class SealedBlocks {
  /** Number of blocks that were passed to `send`. */
  sent = 0;
  /** Number of filled bytes of the open block. */
  filled = 0;
  private block: Buffer | null = null;
  private failure: { readonly error: unknown } | null = null;
  private readonly idle: Buffer[] = [];
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly sending: BlockSending) {}

  /** The block to fill, from `filled` on. A full one is sent first. Waits while `concurrency` others are in flight. */
  async open(): Promise<Buffer> {
    if (this.filled === this.sending.blockLength) await this.sendBlock();
    return (this.block ??= this.idle.pop() ?? this.sending.memory.take(this.sending.blockLength));
  }

  /** Takes ciphertext. Throws the error of an earlier send. */
  async write(ciphertext: Buffer): Promise<void> {
    for (let at = 0; at < ciphertext.length;) {
      const copied = ciphertext.copy(await this.open(), this.filled, at);
      this.filled += copied;
      at += copied;
    }
  }

  /** The last block, which has not been sent yet. If `sent` is 0, it is the whole content. */
  get last(): Buffer {
    return (this.block ?? Buffer.alloc(0)).subarray(0, this.filled);
  }

  /** Sends the last block and waits for all of them. */
  async finish(): Promise<void> {
    if (this.filled > 0) await this.sendBlock();
    await Promise.all(this.underWay);
    this.throwIfFailed();
  }

  /**
   * Leaves the memory to other uploads. Call it once, when the upload has succeeded, because then every request is answered.
   *
   * @param whole - the last block, if it was the whole content and was sent by itself
   */
  release(whole: Buffer | null): void {
    const { memory, keptMemory } = this.sending;
    for (const block of this.idle.splice(0)) memory.give(block, keptMemory);
    if (whole !== null) memory.give(whole, keptMemory);
  }

  /** Waits until nothing is in flight, whatever the results. */
  async settle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private async sendBlock(): Promise<void> {
    this.throwIfFailed();
    const completed = this.sending.complete(this.last);
    // a failure is reported by its delivery, or is not the first one
    completed.catch(() => undefined);
    this.block = null;
    this.filled = 0;
    if (this.underWay.size >= this.sending.concurrency) await Promise.race(this.underWay);
    this.throwIfFailed();
    const delivery = this.deliver(completed, this.sent).finally(() => {
      this.underWay.delete(delivery);
    });
    this.underWay.add(delivery);
    this.sent += 1;
  }

  private async deliver(completed: Promise<Buffer>, index: number): Promise<void> {
    try {
      const block = await completed;
      await this.sending.send(block, index);
      this.idle.push(Buffer.from(block.buffer, 0, this.sending.blockLength));
    } catch (error) {
      this.failure ??= { error };
    }
  }

  private throwIfFailed(): void {
    if (this.failure !== null) throw this.failure.error;
  }
}
