import type { AbortSignalLike } from '@azure/abort-controller';
import { aborted, onAbort } from '../aborts.js';
import { wipe } from '../crypto/content-key.js';

/** Calls the key, with this signal. */
export type UnwrapCall = (signal: AbortSignalLike) => Promise<Uint8Array>;

interface Waiter {
  readonly resolve: (packed: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One call to a key that several reads wait for. Each read gets its own copy of the bytes. If a read is aborted, the others
 * continue to wait. The call itself is aborted when the last of them has left.
 */
export class JoinedUnwrap {
  private readonly controller = new AbortController();
  private readonly waiters = new Map<Waiter, () => void>();

  /** `ended` gets ownership of the bytes, or `null` if there are none, before any waiting read. */
  constructor(
    call: UnwrapCall,
    private readonly ended: (packed: Uint8Array | null) => void,
  ) {
    call(this.controller.signal).then(
      (packed) => this.succeed(packed),
      (error: unknown) => this.fail(error),
    );
  }

  /** The bytes, which the caller wipes. */
  join(signal: AbortSignalLike | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.remove(waiter);
        reject(aborted());
        if (this.waiters.size > 0) return;
        this.controller.abort();
        this.ended(null);
      };
      const waiter = { resolve, reject };
      this.waiters.set(waiter, onAbort(signal, leave));
      if (signal?.aborted === true) leave();
    });
  }

  /** The copies are made synchronously, because `ended` may wipe the bytes before the waiting reads get their turn. */
  private succeed(packed: Uint8Array): void {
    if (this.controller.signal.aborted) {
      wipe(packed);
      return;
    }
    for (const waiter of this.waiters.keys()) waiter.resolve(Uint8Array.from(packed));
    this.end(packed);
  }

  private fail(error: unknown): void {
    if (this.controller.signal.aborted) return;
    for (const waiter of this.waiters.keys()) waiter.reject(error);
    this.end(null);
  }

  private end(packed: Uint8Array | null): void {
    for (const waiter of this.waiters.keys()) this.remove(waiter);
    this.ended(packed);
  }

  private remove(waiter: Waiter): void {
    this.waiters.get(waiter)?.();
    this.waiters.delete(waiter);
  }
}
