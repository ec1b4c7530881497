/**
 * Threads that seal large contents outside the event loop. One content stays on one thread, because its bytes are sealed in
 * order.
 */
import { InvalidOptionsError } from '../errors/input.js';
import type { CipherStep } from './cipher-step.js';
import { CipherThread } from './cipher-thread.js';

/** Content that is sealed on a thread. */
export interface ThreadedContent {
  /** Seals a buffer that owns its memory, and takes ownership of it. Use the buffer that it resolves to. */
  seal(buffer: Buffer, steps: readonly CipherStep[]): Promise<Buffer>;
  /** The MAC over all of the ciphertext, if the steps ask for one. Call it once, after all of it was sealed. */
  mac(): Promise<Buffer>;
  /** Ends the content, complete or not. */
  close(): void;
}

/**
 * A pool of worker threads for uploads. Threads start when they are first needed. Idle threads do not keep the process alive.
 *
 * @example
 * ```ts
 * import { CipherThreads } from 'nestjs-azure-encrypted-storage';
 *
 * export const threads = new CipherThreads(1);
 * ```
 */
export class CipherThreads {
  private readonly threads: CipherThread[] = [];
  private contents = 0;

  /**
   * @param size - maximum number of threads
   * @throws `INVALID_OPTIONS` unless it is a whole number of 1 or more
   */
  constructor(private readonly size: number) {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new InvalidOptionsError(['the number of cipher threads must be a whole number from 1']);
  }

  /** A place on the least busy thread. */
  open(): ThreadedContent {
    const thread = this.leastBusy();
    const id = this.contents++;
    thread.contents += 1;
    return {
      seal: async (buffer, steps) => {
        const { byteOffset, byteLength } = buffer;
        return Buffer.from(await thread.seal(id, buffer, steps), byteOffset, byteLength);
      },
      mac: async () => Buffer.from(await thread.mac(id)),
      close: () => {
        thread.forget(id);
      },
    };
  }

  /** Ends the threads: idle ones at once, busy ones when they have sealed their content. Later content starts new threads. */
  async close(): Promise<void> {
    await Promise.all(this.threads.splice(0).map((thread) => thread.retire()));
  }

  private leastBusy(): CipherThread {
    const alive = this.threads.filter((thread) => thread.isAlive);
    this.threads.splice(0, Infinity, ...alive);
    if (alive.length < this.size && alive.every(({ contents }) => contents > 0)) {
      const thread = new CipherThread();
      this.threads.push(thread);
      return thread;
    }
    return alive.reduce((least, thread) => (thread.contents < least.contents ? thread : least));
  }
}
