/** One rate for all connections together, like the network card of a machine. */

/** Milliseconds of traffic that may be caught up after a pause, because timers are about one late. */
const BURST_MS = 4;
/** Shorter waits are not worth a timer, so the debt is carried over. */
const LEAST_WAIT_MS = 1;

export class TokenBucket {
  private credit = 0;
  private at = performance.now();

  /** `bytesPerMs` may be `Infinity`. */
  constructor(private readonly bytesPerMs: number) {}

  /** Takes the bytes, and returns how many milliseconds the caller must wait, or 0. */
  take(bytes: number): number {
    if (this.bytesPerMs === Infinity) return 0;
    const now = performance.now();
    const earned = (now - this.at) * this.bytesPerMs;
    this.credit = Math.min(BURST_MS * this.bytesPerMs, this.credit + earned) - bytes;
    this.at = now;
    const wait = -this.credit / this.bytesPerMs;
    return wait < LEAST_WAIT_MS ? 0 : wait;
  }
}
