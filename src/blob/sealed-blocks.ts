/**
 * Cuts ciphertext into blocks and sends several at once, from a pool of buffers that bounds the memory: `concurrency` blocks on
 * their way and one being filled. A block is a Buffer, so a retry of the SDK sends the very same ciphertext again.
 */
export interface BlockSending {
  /** Bytes of ciphertext in a block; the last may be shorter. */
  readonly blockLength: number;
  readonly concurrency: number;
  /** The last touch to a block that is full, before its turn to be sent; resolves to the block, whose memory may be another. */
  readonly complete: (block: Buffer) => Promise<Buffer>;
  /** Resolves when the block's memory may be filled again. */
  readonly send: (block: Buffer, index: number) => Promise<void>;
}

export class SealedBlocks {
  /** Blocks that were handed to `send`. */
  sent = 0;
  /** Bytes of the open block that are filled. */
  filled = 0;
  private block: Buffer | null = null;
  private failure: { readonly error: unknown } | null = null;
  private readonly idle: Buffer[] = [];
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly sending: BlockSending) {}

  /** The block to fill, from `filled` on. One that is full is sent first; waits while `concurrency` others are on their way. */
  async open(): Promise<Buffer> {
    if (this.filled === this.sending.blockLength) await this.sendBlock();
    return (this.block ??= this.idle.pop() ?? Buffer.allocUnsafeSlow(this.sending.blockLength));
  }

  /** Takes ciphertext. Throws what a sending threw. */
  async write(ciphertext: Buffer): Promise<void> {
    for (let at = 0; at < ciphertext.length;) {
      const copied = ciphertext.copy(await this.open(), this.filled, at);
      this.filled += copied;
      at += copied;
    }
  }

  /** The last block, which was not sent yet: all there is if `sent` is 0. */
  get last(): Buffer {
    return (this.block ?? Buffer.alloc(0)).subarray(0, this.filled);
  }

  /** Sends the last block and waits for all. */
  async finish(): Promise<void> {
    if (this.filled > 0) await this.sendBlock();
    await Promise.all(this.underWay);
    this.throwIfFailed();
  }

  /** Waits until nothing is on its way any more, whatever came of it. */
  async settle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private async sendBlock(): Promise<void> {
    this.throwIfFailed();
    const completed = this.sending.complete(this.last);
    // a failure is told by its delivery, or is not the first one
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
      this.idle.push(Buffer.from(block.buffer));
    } catch (error) {
      this.failure ??= { error };
    }
  }

  private throwIfFailed(): void {
    if (this.failure !== null) throw this.failure.error;
  }
}
