/** One rate for all connections together: what a network card is to its machine. */

/** Milliseconds of traffic that may be made up for after a pause; timers are late by about one. */
const BURST_MS = 4;
/** Waits below this are not worth a timer: the debt is carried on. */
const LEAST_WAIT_MS = 1;

export class TokenBucket {
  private credit = 0;
  private at = performance.now();

  /** `bytesPerMs` may be `Infinity`. */
  constructor(private readonly bytesPerMs: number) {}

  /** Takes the bytes and returns how many milliseconds the taker has to wait, 0 for none. */
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
