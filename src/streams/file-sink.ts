/** Writes a file from pieces: one megabyte is written while the next one is collected, in memory that serves again. */
import type { FileHandle } from 'node:fs/promises';

const MEMORY_LENGTH = 1024 * 1024;

export class FileSink {
  private filling = Buffer.allocUnsafeSlow(MEMORY_LENGTH);
  private spare = Buffer.allocUnsafeSlow(MEMORY_LENGTH);
  private filled = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly file: FileHandle) {}

  /** Copies what it is given. Throws what an earlier writing threw. */
  async write(piece: Buffer): Promise<void> {
    for (let at = 0; at < piece.length;) {
      const copied = piece.copy(this.filling, this.filled, at);
      this.filled += copied;
      at += copied;
      if (this.filled === MEMORY_LENGTH) await this.turn();
    }
  }

  /** Writes the rest. */
  async end(): Promise<void> {
    await this.turn();
    await this.writing;
  }

  private async turn(): Promise<void> {
    await this.writing;
    const full = this.filling.subarray(0, this.filled);
    [this.filling, this.spare] = [this.spare, this.filling];
    this.filled = 0;
    // goes on where the last one ended, until all is written
    this.writing = this.file.writeFile(full);
    // is told by the next turn
    this.writing.catch(() => undefined);
  }
}
