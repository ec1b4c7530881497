import type { EncryptedStorageError } from '../errors/base.js';
import { isEncryptedStorageError } from '../errors/any-error.js';

/**
 * Whether stored content is to blame for the error, and not a key service that did not answer, nor wrong options: what handlers
 * of undecryptable content are told of. Everything else fails the call.
 */
export const isContentFault = (error: unknown): error is EncryptedStorageError =>
  isEncryptedStorageError(error) && error.code !== 'KEY_UNAVAILABLE' && error.code !== 'INVALID_OPTIONS';
