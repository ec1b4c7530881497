/** Attempts at a write that others may get in before, with pauses of random length between them. */
import { setTimeout } from 'node:timers/promises';
import { InvalidOptionsError } from '../../errors.js';

export const DEFAULT_MERGE_ATTEMPTS = 8;

/** Milliseconds. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1000;

/** How many times a write was sent. */
export interface Attempted {
  readonly attempts: number;
}

export interface Attempts<Result> {
  readonly most: number;
  readonly attempt: () => Promise<Result>;
  /** Whether another attempt may succeed. */
  readonly isConflict: (error: unknown) => boolean;
}

/** Throws the error of the last attempt, as it is. */
export async function attempted<Result extends object>({
  most,
  attempt,
  isConflict,
}: Attempts<Result>): Promise<Result & Attempted> {
  if (!Number.isSafeInteger(most) || most < 1)
    throw new InvalidOptionsError(['"mergeAttempts" must be a whole number from 1']);
  for (let attempts = 1; ; attempts++) {
    try {
      return { ...(await attempt()), attempts };
    } catch (error) {
      if (attempts === most || !isConflict(error)) throw error;
    }
    await setTimeout(Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempts));
  }
}

interface ServiceError {
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly odataError?: { readonly code?: unknown } };
}

const statusOf = (error: unknown): unknown => (error as ServiceError | null)?.statusCode;

/** The row was changed since it was read. */
export const isChanged = (error: unknown): boolean => statusOf(error) === 412;
/** The row is not there, but its table is. */
export function isMissing(error: unknown): boolean {
  const { code, details } = (error ?? {}) as ServiceError;
  return statusOf(error) === 404 && (code ?? details?.odataError?.code) !== 'TableNotFound';
}

/** The row is there already. */
export const isTaken = (error: unknown): boolean => statusOf(error) === 409;
