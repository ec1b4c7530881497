/** Retries a step that failed for a reason unrelated to its object, with growing delays, up to a time limit. */
import { isEncryptedStorageError } from '../errors/any-error.js';
import type { AbortSignalLike } from '@azure/abort-controller';
import { throwIfAborted } from '../aborts.js';
import { type Clock, pause } from '../clock.js';
import { isServiceOut, retryAfterOf } from '../service-errors.js';
import type { EventOfPass } from './events.js';
import type { Pace } from './pace.js';

/** Seconds. */
const FIRST_PAUSE = 0.5;
const LONGEST_PAUSE = 30;

const KEY_OUTAGES = ['KEY_UNAVAILABLE', 'KEY_ACCESS_DENIED'];

interface PatienceParts {
  readonly clock: Clock;
  readonly pace: Pace;
  /** Seconds. */
  readonly patience: number;
  readonly report: (event: EventOfPass) => void;
  readonly abortSignal: AbortSignalLike | undefined;
}

export class Patience {
  #isKeyOut = false;
  /** Errors for which a step has already waited long enough. The surrounding walk must not wait for them again. */
  readonly #over = new WeakSet<object>();

  constructor(private readonly parts: PatienceParts) {}

  /**
   * Throws the last error when it has waited too long in a row. Throws errors that waiting cannot fix at once.
   *
   * @param progress - changes when a failed attempt got further than the one before
   */
  async outlast<Result>(attempt: () => Promise<Result>, progress: () => unknown = () => null): Promise<Result> {
    let [failures, waited, reached] = [0, 0, progress()];
    for (;;) {
      try {
        this.throwIfAborted();
        const result = await attempt();
        this.#reportKey(false);
        return result;
      } catch (error) {
        if (progress() !== reached) [failures, waited, reached] = [0, 0, progress()];
        const wait = Math.max(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures), retryAfterOf(error) ?? 0);
        if (waited + wait > this.parts.patience) this.#over.add(error as object);
        if (this.#over.has(error as object) || this.parts.abortSignal?.aborted === true) throw error;
        await this.#waitFor(error, wait);
        [failures, waited] = [failures + 1, waited + wait];
      }
    }
  }

  throwIfAborted(): void {
    throwIfAborted(this.parts.abortSignal);
  }

  async #waitFor(error: unknown, seconds: number): Promise<void> {
    const { pace, report } = this.parts;
    if (isKeyOut(error)) {
      this.#reportKey(true);
    } else if (isServiceOut(error)) {
      pace.slowDown();
      report({ kind: 'throttled', requestsPerSecond: pace.rate });
    } else {
      throw error;
    }
    await pause(this.parts.clock, seconds, this.parts.abortSignal);
  }

  #reportKey(isOut: boolean): void {
    if (this.#isKeyOut === isOut) return;
    this.#isKeyOut = isOut;
    this.parts.report({ kind: isOut ? 'keyUnavailable' : 'keyAvailable' });
  }
}

const isKeyOut = (error: unknown): boolean => isEncryptedStorageError(error) && KEY_OUTAGES.includes(error.code);
