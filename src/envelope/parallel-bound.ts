import type { AbortSignalLike } from '@azure/abort-controller';
import { aborted, onAbort, throwIfAborted } from '../aborts.js';

/** Lets at most `limit` tasks run at once. The others wait in order of arrival. */
export class ParallelBound {
  private running = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly limit: number) {}

  /** Runs the task when there is room. An aborted waiter rejects immediately and takes no slot. */
  async run<T>(task: () => Promise<T>, signal?: AbortSignalLike): Promise<T> {
    throwIfAborted(signal);
    if (this.running < this.limit) this.running += 1;
    else await this.roomFor(signal);
    try {
      return await task();
    } finally {
      this.passOn();
    }
  }

  private roomFor(signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        stopListening();
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.delete(enter);
        reject(aborted());
      };
      const stopListening = onAbort(signal, giveUp);
      this.waiting.add(enter);
    });
  }

  private passOn(): void {
    const [enter] = this.waiting;
    if (enter === undefined) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(enter);
    enter();
  }
}
