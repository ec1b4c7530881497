/** A key in a remote service: it answers only when allowed, and counts calls. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeyEncryptionKey, KeyOperationOptions, WrappedKey } from '../../src/keys/key-encryption-key.js';
import { InMemoryKey } from './in-memory-key.js';

/** Awaited before each answer, with the number of pending calls. Default: one turn of the event loop. */
type Answer = (running: number) => Promise<unknown>;

/** Holds back all answers until this many calls are pending, and then as long as more calls could start. */
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
  /** Calls that have started. */
  wraps = 0;
  unwraps = 0;
  /** The maximum number of concurrent calls. */
  most = 0;
  /** The options of each unwrap. */
  readonly operations: (KeyOperationOptions | undefined)[] = [];
  private running = 0;

  constructor(
    readonly keyId: string,
    private readonly answer: Answer = () => nextTurn(),
    private readonly key: KeyEncryptionKey = new InMemoryKey(keyId),
  ) {}

  /** Another client of the same key, with its own counts. */
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
