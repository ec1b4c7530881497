/** A key in a service far away: it answers when it is let, and counts. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeyEncryptionKey, KeyOperationOptions, WrappedKey } from '../../src/keys/key-encryption-key.js';
import { InMemoryKey } from './in-memory-key.js';

/** Waited for before each answer; told how many calls are under way. Default one turn of the event loop. */
type Answer = (running: number) => Promise<unknown>;

/** Holds all answers back until so many calls are under way, and then for as long as more of them might begin. */
export function onceRunning(count: number): Answer {
  let release = (): void => undefined;
  const reached = new Promise<void>((resolve) => (release = resolve));
  return async (running) => {
    if (running >= count) release();
    await reached;
    await nextTurn();
    await nextTurn();
  };
}

export class SlowKey implements KeyEncryptionKey {
  /** Calls that have begun. */
  wraps = 0;
  unwraps = 0;
  /** Calls that were under way at the same time at most. */
  most = 0;
  /** What accompanied each unwrap. */
  readonly operations: (KeyOperationOptions | undefined)[] = [];
  private running = 0;

  constructor(
    readonly keyId: string,
    private readonly answer: Answer = () => nextTurn(),
    private readonly key: KeyEncryptionKey = new InMemoryKey(keyId),
  ) {}

  /** Another client of the same key, with counts of its own. */
  another(answer: Answer): SlowKey {
    return new SlowKey(this.keyId, answer, this.key);
  }

  async wrapKey(contentKey: Uint8Array): Promise<WrappedKey> {
    this.wraps += 1;
    return this.answered(() => this.key.wrapKey(contentKey));
  }

  async unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array> {
    this.unwraps += 1;
    this.operations.push(options);
    return this.answered(() => this.key.unwrapKey(encryptedKey, algorithm));
  }

  private async answered<T>(give: () => Promise<T>): Promise<T> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    try {
      await this.answer(this.running);
      return await give();
    } finally {
      this.running -= 1;
    }
  }
}
