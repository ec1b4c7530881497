/** What follows from the abort signal of a caller. */
import { AbortError, type AbortSignalLike } from '@azure/abort-controller';

export const aborted = (): AbortError => new AbortError('The operation was aborted.');

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted === true) throw aborted();
}

/** What of this package listens to one signal. */
class AbortListeners {
  readonly listeners = new Set<() => void>();

  constructor(readonly signal: AbortSignalLike) {}

  readonly call = (): void => {
    for (const listener of [...this.listeners]) if (this.listeners.has(listener)) listener();
  };

  add(listener: () => void): void {
    if (this.listeners.size === 0) this.signal.addEventListener('abort', this.call);
    this.listeners.add(listener);
  }

  remove(listener: () => void): void {
    if (this.listeners.delete(listener) && this.listeners.size === 0)
      this.signal.removeEventListener('abort', this.call);
  }
}

const listenersOf = new WeakMap<AbortSignalLike, AbortListeners>();

/**
 * Calls the listener when the signal is aborted, until the returned function is called. However many rows or messages wait for one
 * signal, it gets a single listener: from the eleventh on, Node.js warns of a memory leak.
 */
export function onAbort(signal: AbortSignalLike | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const listeners = listenersOf.get(signal) ?? new AbortListeners(signal);
  listenersOf.set(signal, listeners);
  listeners.add(listener);
  return () => listeners.remove(listener);
}

/** The answer, unless the caller aborts before it is there. Others that wait for the same answer still get it. */
export function unlessAborted<Answer>(answer: Promise<Answer>, signal: AbortSignalLike | undefined): Promise<Answer> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(aborted());
    const stopListening = onAbort(signal, leave);
    if (signal.aborted) leave();
    answer.then(resolve, reject).finally(stopListening);
  });
}

export interface LinkedAbort {
  readonly controller: AbortController;
  /** Stops listening to those signals. */
  readonly unlink: () => void;
}

/** An abort controller of this package that follows the signals of others. */
export function linkedAbort(...outer: readonly (AbortSignalLike | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const follow = (): void => controller.abort();
  if (outer.some((signal) => signal?.aborted)) follow();
  const links = outer.map((signal) => onAbort(signal, follow));
  return { controller, unlink: () => links.forEach((unlink) => unlink()) };
}
