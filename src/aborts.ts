/** What follows from the abort signal of a caller. */
import { AbortError, type AbortSignalLike } from '@azure/abort-controller';

export const aborted = (): AbortError => new AbortError('The operation was aborted.');

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted === true) throw aborted();
}

/** The answer, unless the caller aborts before it is there. Others that wait for the same answer still get it. */
export function unlessAborted<Answer>(answer: Promise<Answer>, signal: AbortSignalLike | undefined): Promise<Answer> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(aborted());
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

export interface LinkedAbort {
  readonly controller: AbortController;
  /** Stops listening to the caller's signal. */
  readonly unlink: () => void;
}

/** An abort controller of this package that follows the caller's signal. */
export function linkedAbort(outer: AbortSignalLike | undefined): LinkedAbort {
  const controller = new AbortController();
  const follow = (): void => controller.abort();
  if (outer?.aborted === true) follow();
  outer?.addEventListener('abort', follow);
  return { controller, unlink: () => outer?.removeEventListener('abort', follow) };
}
