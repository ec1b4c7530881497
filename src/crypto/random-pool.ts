/**
 * Random bytes in short pieces, drawn many at once: a call to the generator of OpenSSL costs as much as a MAC, for 16 bytes as for a
 * kilobyte. A piece is given out once, in memory of its own, and wiped here.
 */
import { randomFillSync } from 'node:crypto';

/** Bytes that are drawn at once: of some twenty objects. */
const POOL_LENGTH = 1024;

export class RandomPool {
  readonly #pool = Buffer.alloc(POOL_LENGTH);
  #next = POOL_LENGTH;

  constructor(private readonly fill: (bytes: Buffer) => unknown = randomFillSync) {}

  /** At most as many bytes as are drawn at once: a longer piece would end in zeros. */
  take(length: number): Buffer {
    if (!(length <= POOL_LENGTH)) throw new RangeError(`At most ${POOL_LENGTH} random bytes can be taken at once`);
    if (this.#next + length > POOL_LENGTH) this.#refill();
    const piece = Buffer.alloc(length);
    this.#pool.copy(piece, 0, this.#next, this.#next + length);
    this.#pool.fill(0, this.#next, this.#next + length);
    this.#next += length;
    return piece;
  }

  /** If it fails, nothing is given out. */
  #refill(): void {
    this.#next = POOL_LENGTH;
    this.fill(this.#pool);
    this.#next = 0;
  }
}
