/**
 * Memory for plaintext that waits for its tag. Whoever takes the plaintext gives the memory back once the bytes are copied, and
 * it serves again: fresh memory for every region would pile up until it is collected (bench/README.md).
 */
export class LentMemory {
  private readonly free: Buffer[] = [];
  private readonly lent = new Map<ArrayBufferLike, Buffer>();

  /** Memory of at least `length` bytes with whatever was in it before, for one borrower. */
  lend(length: number): Buffer {
    const last = this.free.pop();
    const memory = last !== undefined && last.length >= length ? last : Buffer.allocUnsafeSlow(length);
    this.lent.set(memory.buffer, memory);
    return memory;
  }

  /** Takes back the memory that these bytes lie in; bytes that lie elsewhere are passed over. What is never given back is lost. */
  giveBack({ buffer }: Uint8Array): void {
    const memory = this.lent.get(buffer);
    if (memory === undefined) return;
    this.lent.delete(buffer);
    this.free.push(memory);
  }
}
