/** How a failure of a key, or of finding one, reaches the caller. */
import { isAbort } from '../aborts.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import { keyOutage } from '../keys/key-service-error.js';

interface FailedKeyCall {
  readonly keyId: string;
  /** The error for a failure that does not look like one of a key service. */
  readonly otherwise: (cause: unknown) => Error;
}

/**
 * Errors of this package and aborts pass unchanged. If a key service denies access or does not respond, that is an outage.
 * `otherwise` converts anything else.
 */
export function asKeyError(error: unknown, { keyId, otherwise }: FailedKeyCall): unknown {
  if (isEncryptedStorageError(error) || isAbort(error)) return error;
  return keyOutage(error, keyId) ?? otherwise(error);
}
