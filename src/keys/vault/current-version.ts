/**
 * Which version of a key writes. One request serves all writes that wait for it; later requests are made in the background:
 *
 *     age of the last answer    0 ........ refresh ........ 2 × refresh ........
 *     a write                   uses it    uses it, and     waits for a new answer
 *                                          asks again
 */
import { unlessAborted } from '../../aborts.js';
import { KeyDisabledError } from '../../errors/keys.js';
import type { KeyEncryptionKey, KeyOperationOptions } from '../key-encryption-key.js';

/** The version of a key that writes, and the period in which it may write. */
export interface WritingVersion {
  readonly key: KeyEncryptionKey;
  readonly notBefore?: Date | undefined;
  readonly expiresOn?: Date | undefined;
  /** How the vault lets a deleted key be recovered. */
  readonly recoveryLevel?: string | undefined;
  /** Id of the newest version, if it is disabled and this older one writes instead. */
  readonly insteadOf?: string | undefined;
}

/** Passed in by tests. */
export interface VersionClock {
  /** Milliseconds that only increase. */
  now(): number;
  /** Milliseconds since 1970. */
  date(): number;
}

/**
 * Milliseconds for which a failure, or a version that has expired, is reused without a request, so that an outage does not cause a flood of
 * requests.
 */
const FAILURE_AGE = 1000;

export class CurrentVersion {
  #known: { readonly version: WritingVersion; readonly at: number } | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #asking: Promise<WritingVersion> | undefined;

  /** `ask` looks up the version; it rejects if no version may write. */
  constructor(
    private readonly ask: () => Promise<WritingVersion>,
    private readonly refresh: number,
    private readonly clock: VersionClock = { now: () => performance.now(), date: () => Date.now() },
  ) {}

  /**
   * The key of the version that writes.
   *
   * @throws what `ask` rejects with; `KEY_DISABLED` for a version that has expired or is not valid yet
   */
  async key({ abortSignal }: KeyOperationOptions = {}): Promise<KeyEncryptionKey> {
    const { version } = this.#fresh() ?? { version: await unlessAborted(this.#answer(), abortSignal) };
    this.#assertInTime(version);
    return version.key;
  }

  /** Sends a new request, even if the known version is recent. */
  async renew(): Promise<void> {
    this.#failure = undefined;
    await this.#request();
  }

  /** What is known without a request: the version, and milliseconds since it was confirmed. */
  get state(): { readonly version: WritingVersion; readonly age: number } | undefined {
    return this.#known && { version: this.#known.version, age: this.clock.now() - this.#known.at };
  }

  #fresh(): { readonly version: WritingVersion } | undefined {
    const { state } = this;
    if (state === undefined || state.age >= this.#longestAge(state.version)) return undefined;
    // later writes get the failure, once the version is no longer confirmed
    if (state.age >= this.refresh) this.#answer().catch(() => undefined);
    return state;
  }

  /** Milliseconds for which a version is known without a new answer. One that has expired may have been rotated. */
  #longestAge({ expiresOn }: WritingVersion): number {
    return this.#isOver(expiresOn) ? FAILURE_AGE : 2 * this.refresh;
  }

  #isOver(date: Date | undefined): boolean {
    return date !== undefined && date.getTime() <= this.clock.date();
  }

  async #answer(): Promise<WritingVersion> {
    const { at, error } = this.#failure ?? { at: -Infinity };
    if (this.clock.now() - at < FAILURE_AGE) throw error;
    return this.#request();
  }

  #request(): Promise<WritingVersion> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<WritingVersion> {
    try {
      const version = await this.ask();
      this.#known = { version, at: this.clock.now() };
      this.#failure = undefined;
      return version;
    } catch (error) {
      this.#failure = { error, at: this.clock.now() };
      // what the vault reports about the key applies at once; without an answer, the known version may be used for a while
      if (isFinal(error)) this.#known = undefined;
      throw error;
    }
  }

  #assertInTime({ key: { keyId }, notBefore, expiresOn }: WritingVersion): void {
    if (this.#isOver(expiresOn)) throw new KeyDisabledError(keyId, 'expired');
    if (notBefore !== undefined && !this.#isOver(notBefore)) throw new KeyDisabledError(keyId, 'not valid yet');
  }
}

const isFinal = (error: unknown): boolean =>
  ['KEY_DELETED', 'KEY_DISABLED'].includes((error as { code?: string } | undefined)?.code ?? '');
