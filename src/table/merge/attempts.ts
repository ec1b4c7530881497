/** How often a merge is written before the conflict of other writers is the caller's. */
import { InvalidOptionsError } from '../../errors/input.js';
import { type ConflictRetries, retryOnConflict } from '../../service-errors.js';

export const DEFAULT_MERGE_ATTEMPTS = 8;

/** How many times a write was sent. */
export interface Attempted {
  readonly attempts: number;
}

/** Throws the error of the last attempt, as it is. */
export async function mergeUnderEtag<Result extends object>(
  retries: ConflictRetries<Result>,
): Promise<Result & Attempted> {
  if (!Number.isSafeInteger(retries.attempts) || retries.attempts < 1)
    throw new InvalidOptionsError(['"mergeAttempts" must be a whole number from 1']);
  const { result, attempts } = await retryOnConflict(retries);
  return { ...result, attempts };
}
