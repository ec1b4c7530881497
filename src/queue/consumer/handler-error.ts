/** What an error says that a handler threw. */
import { isKeyOutage } from '../../envelope/content-fault.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';

/** Whether nobody can use the message. */
export const isUnprocessable = (error: unknown): error is Error =>
  isEncryptedStorageError(error) && error.code === 'UNPROCESSABLE_MESSAGE';

/** How deep a cause is looked for; causes may go round in a circle. */
const MAX_CAUSES = 10;

/** Also as the cause of another error: a handler may use a key itself, and report it in its own words. */
export function isCausedByKeyOutage(error: unknown, depth = 0): boolean {
  if (isKeyOutage(error)) return true;
  return error instanceof Error && depth < MAX_CAUSES && isCausedByKeyOutage(error.cause, depth + 1);
}
