/** Writes a file from pieces. One megabyte is written while the next one is collected, in memory that is reused. */
import type { FileHandle } from 'node:fs/promises';

const MEMORY_LENGTH = 1024 * 1024;

export class FileSink {
  private filling: Buffer;
  private spare: Buffer | null = null;
  private filled = 0;
  private writing: Promise<void> = Promise.resolve();

  /**
   * @param length - expected number of bytes, so that a small file takes little memory
   */
  constructor(
    private readonly file: FileHandle,
    length = Infinity,
  ) {
    this.filling = Buffer.allocUnsafeSlow(Math.max(1, Math.min(MEMORY_LENGTH, length)));
  }

  /** Copies the piece. Throws the error of an earlier write. */
  async write(piece: Buffer): Promise<void> {
    for (let at = 0; at < piece.length;) {
      if (this.filled === this.filling.length) await this.turn();
      const copied = piece.copy(this.filling, this.filled, at);
      this.filled += copied;
      at += copied;
    }
  }

  /** Writes the rest. */
  async end(): Promise<void> {
    await this.writing;
    await this.file.writeFile(this.filling.subarray(0, this.filled));
  }

  private async turn(): Promise<void> {
    await this.writing;
    const full = this.filling;
    this.filling = this.spare ?? Buffer.allocUnsafeSlow(full.length);
    this.spare = full;
    this.filled = 0;
    // continues where the last write ended, until everything is written
    this.writing = this.file.writeFile(full);
    // the next turn reports the error
    this.writing.catch(() => undefined);
  }
}
