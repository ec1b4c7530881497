/** How the failure of a key, or of looking for one, reaches the caller. */
import { isEncryptedStorageError } from '../errors/any-error.js';

/** Errors of this package and aborts pass as they are; anything else becomes what `wrapIt` makes of it. */
export function passOrWrap(error: unknown, wrapIt: (cause: unknown) => Error): unknown {
  const isAbort = error instanceof Error && error.name === 'AbortError';
  return isEncryptedStorageError(error) || isAbort ? error : wrapIt(error);
}
