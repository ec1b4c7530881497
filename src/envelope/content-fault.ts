import type { EncryptedStorageError } from '../errors.js';
import { isEncryptedStorageError } from '../known-errors.js';

/**
 * Whether stored content is to blame for the error, and not a key service that did not answer, nor wrong options: what handlers
 * of undecryptable content are told of. Everything else fails the call.
 */
export const isContentFault = (error: unknown): error is EncryptedStorageError =>
  isEncryptedStorageError(error) && error.code !== 'KEY_UNAVAILABLE' && error.code !== 'INVALID_OPTIONS';
