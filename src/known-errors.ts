/** All errors of this package, and how to tell one. */
import {
  BRAND,
  type InvalidOptionsError,
  type InvalidEntityError,
  type KeyMissingError,
  type KeyNotFoundError,
  type KeyMismatchError,
  type KeyNotAllowedError,
  type KeyAlgorithmError,
  type KeyWrapError,
  type KeyUnwrapError,
  type KeyUnavailableError,
  type InvalidEncryptionDataError,
  type UnsupportedProtocolError,
  type DecryptionError,
  type RegionOutOfOrderError,
  type PlaintextNotAllowedError,
  type PayloadTooLargeError,
  type UnsupportedOperationError,
  type UnsupportedValueError,
  type EncryptedPropertyInFilterError,
  type SourceLengthError,
  type CipherThreadError,
  type UnprocessableMessageError,
} from './errors.js';

/** All errors of this package, for `switch (error.code)`. */
export type AnyEncryptedStorageError =
  | InvalidOptionsError
  | InvalidEntityError
  | KeyMissingError
  | KeyNotFoundError
  | KeyMismatchError
  | KeyNotAllowedError
  | KeyAlgorithmError
  | KeyWrapError
  | KeyUnwrapError
  | KeyUnavailableError
  | InvalidEncryptionDataError
  | UnsupportedProtocolError
  | DecryptionError
  | RegionOutOfOrderError
  | PlaintextNotAllowedError
  | PayloadTooLargeError
  | UnsupportedOperationError
  | UnsupportedValueError
  | EncryptedPropertyInFilterError
  | SourceLengthError
  | CipherThreadError
  | UnprocessableMessageError;

/** All codes. */
export type EncryptedStorageErrorCode = AnyEncryptedStorageError['code'];

/**
 * Whether `error` is one of ours. Unlike `instanceof` it also holds across the ESM and the CommonJS copy of this package.
 *
 * @example
 * ```ts
 * import { isEncryptedStorageError } from 'nestjs-azure-encrypted-storage';
 *
 * export function isKeyGone(error: unknown): boolean {
 *   return isEncryptedStorageError(error) && error.code === 'KEY_NOT_FOUND';
 * }
 * ```
 */
export function isEncryptedStorageError(error: unknown): error is AnyEncryptedStorageError {
  return typeof error === 'object' && error !== null && BRAND in error;
}
