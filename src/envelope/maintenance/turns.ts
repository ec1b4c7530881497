import type { AbortSignalLike } from '@azure/abort-controller';
import { unlessAborted } from '../../aborts.js';

/** One walk of a source at a time, for sources that two walks at once would disturb: jobs of one process may share a source. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Waits until all earlier turns have ended.
   *
   * @returns ends the turn
   */
  async take(abortSignal: AbortSignalLike | undefined): Promise<() => void> {
    const earlier = this.#last;
    let end = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#last = earlier.then(() => turn);
    try {
      await unlessAborted(earlier, abortSignal);
      return end;
    } catch (error) {
      end();
      throw error;
    }
  }
}
