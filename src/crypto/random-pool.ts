/**
 * Short pieces of random bytes from a pool: a call to OpenSSL's generator costs as much as a MAC, whether for 16 bytes or for a
 * kilobyte. Each piece is given out once, in separate memory, and wiped here.
 */
import { randomFillSync } from 'node:crypto';

/** Bytes that are drawn at once: enough for some twenty objects. */
const POOL_LENGTH = 1024;

export class RandomPool {
  readonly #pool = Buffer.alloc(POOL_LENGTH);
  #next = POOL_LENGTH;

  constructor(private readonly fill: (bytes: Buffer) => unknown = randomFillSync) {}

  /** At most as many bytes as the pool has: a longer piece would end in zeros. */
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
