/** Yields to the event loop after a certain time of work, so that a server stays responsive while it seals a gigabyte. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work between two turns. */
const SLICE_MS = 1;

export class TimeSlice {
  private turn: Promise<void> | null = null;
  private started: number;

  /**
   * @param now - milliseconds on a monotonic clock
   */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.started = now();
  }

  /** Whether the time of a turn is used up. Tasks that share a slice share its time. */
  get isSpent(): boolean {
    return this.now() - this.started >= SLICE_MS;
  }

  /**
   * Resolves at once while the slice lasts, otherwise after a turn of the event loop. If several tasks wait for the same turn,
   * check again right before the work: `while (slice.isSpent) await slice.breathe()`.
   */
  async breathe(): Promise<void> {
    if (this.isSpent) await (this.turn ??= this.takeTurn());
  }

  private async takeTurn(): Promise<void> {
    await nextTurn();
    this.turn = null;
    this.started = this.now();
  }
}
