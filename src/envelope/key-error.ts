/** How the failure of a key, or of looking for one, reaches the caller. */
import { isEncryptedStorageError } from '../errors/any-error.js';
import { keyOutage } from '../keys/key-service-error.js';

export interface FailedKeyCall {
  readonly keyId: string;
  /** The error for a failure that does not look like one of a key service. */
  readonly otherwise: (cause: unknown) => Error;
}

/**
 * Errors of this package and aborts pass as they are. An answer of a key service that refuses access, or none at all, is an outage;
 * anything else becomes what `otherwise` makes of it.
 */
export function asKeyError(error: unknown, { keyId, otherwise }: FailedKeyCall): unknown {
  if (isEncryptedStorageError(error) || isAbort(error)) return error;
  return keyOutage(error, keyId) ?? otherwise(error);
}

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
