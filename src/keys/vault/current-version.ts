/**
 * Which version of a key writes. One request finds it out for all who write meanwhile; later ones are made in the background:
 *
 *     age of the last answer    0 ........ refresh ........ 2 × refresh ........
 *     a write                   uses it    uses it, and     waits for a new answer
 *                                          asks anew
 */
import { KeyDisabledError } from '../../errors/keys.js';
import type { KeyEncryptionKey, KeyOperationOptions } from '../key-encryption-key.js';
import { unlessAborted } from './unless-aborted.js';

/** A version of a key that writes, and between which times it may. */
export interface WritingVersion {
  readonly key: KeyEncryptionKey;
  readonly notBefore?: Date | undefined;
  readonly expiresOn?: Date | undefined;
  /** What the vault says of the recovery of a deleted key. */
  readonly recoveryLevel?: string | undefined;
  /** Id of the newest version, where it is disabled and this older one writes instead. */
  readonly insteadOf?: string | undefined;
}

/** Handed in by tests. */
export interface VersionClock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Milliseconds of the calendar. */
  date(): number;
}

/** Milliseconds that a failed answer is given again without asking: an outage is not a flood of requests. */
const FAILURE_AGE = 1000;

export class CurrentVersion {
  #known: { readonly version: WritingVersion; readonly at: number } | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #asking: Promise<WritingVersion> | undefined;

  /** `ask` looks the version up; it rejects where there is none that may write. */
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

  /** Asks again, whatever is known. */
  async renew(): Promise<void> {
    this.#failure = undefined;
    await this.#request();
  }

  /** What is known without asking: the version, and milliseconds since it was confirmed. */
  get state(): { readonly version: WritingVersion; readonly age: number } | undefined {
    return this.#known && { version: this.#known.version, age: this.clock.now() - this.#known.at };
  }

  #fresh(): { readonly version: WritingVersion } | undefined {
    const { state } = this;
    if (state === undefined || state.age >= 2 * this.refresh) return undefined;
    // the failure reaches whoever writes when the version is no longer confirmed
    if (state.age >= this.refresh) this.#answer().catch(() => undefined);
    return state;
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
      // what the vault said of the key itself holds at once; where it did not answer, the version is good for a while
      if (isFinal(error)) this.#known = undefined;
      throw error;
    }
  }

  #assertInTime({ key: { keyId }, notBefore, expiresOn }: WritingVersion): void {
    const now = this.clock.date();
    if (expiresOn !== undefined && expiresOn.getTime() <= now) throw new KeyDisabledError(keyId, 'expired');
    if (notBefore !== undefined && notBefore.getTime() > now) throw new KeyDisabledError(keyId, 'not valid yet');
  }
}

const isFinal = (error: unknown): boolean =>
  ['KEY_DELETED', 'KEY_DISABLED'].includes((error as { code?: string } | undefined)?.code ?? '');
