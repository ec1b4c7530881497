/** Interprets an error that a handler threw. */
import { isKeyOutage } from '../../envelope/content-fault.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';

/** Whether the message can never be processed. */
export const isUnprocessable = (error: unknown): error is Error =>
  isEncryptedStorageError(error) && error.code === 'UNPROCESSABLE_MESSAGE';

/** Maximum number of levels of causes that are searched. Causes may form a cycle. */
const MAX_CAUSES = 10;

/** Checks causes too: a handler may use a key itself and wrap the error. */
export function isCausedByKeyOutage(error: unknown, depth = 0): boolean {
  if (isKeyOutage(error)) return true;
  return error instanceof Error && depth < MAX_CAUSES && isCausedByKeyOutage(error.cause, depth + 1);
}
