/** The number of times that a merge is written before the caller gets the conflict with other writers. */
import { InvalidOptionsError } from '../../errors/input.js';
import { type ConflictRetries, isChanged, isMissing, isTaken, retryOnConflict } from '../../service-errors.js';

/** Maximum number of attempts if other writers keep changing a row; of merges, unless the caller chooses. */
export const ATTEMPTS = 8;

/** Whether an update or insert may succeed when the row is read again: others changed, inserted or deleted it. */
export const isUpsertConflict = (error: unknown): boolean => isChanged(error) || isTaken(error) || isMissing(error);

/** The number of times that the write was sent. */
export interface Attempted {
  readonly attempts: number;
}

/** Throws the error of the last attempt unchanged. */
export async function mergeUnderEtag<Result extends object>(
  retries: ConflictRetries<Result>,
): Promise<Result & Attempted> {
  if (!Number.isSafeInteger(retries.attempts) || retries.attempts < 1)
    throw new InvalidOptionsError(['"mergeAttempts" must be a whole number from 1']);
  const { attempt } = retries;
  return retryOnConflict({ ...retries, attempt: async (attempts) => ({ ...(await attempt(attempts)), attempts }) });
}
