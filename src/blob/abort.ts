/** An abort controller of this package that follows the caller's signal. */
import type { AbortSignalLike } from '@azure/abort-controller';

export interface LinkedAbort {
  readonly controller: AbortController;
  readonly signal: AbortSignal;
  /** Stops listening to the caller's signal. */
  unlink(): void;
}

export function linkedAbort(outer: AbortSignalLike | undefined): LinkedAbort {
  const controller = new AbortController();
  const follow = (): void => {
    controller.abort();
  };
  if (outer?.aborted === true) follow();
  outer?.addEventListener('abort', follow);
  return {
    controller,
    signal: controller.signal,
    unlink: () => {
      outer?.removeEventListener('abort', follow);
    },
  };
}
