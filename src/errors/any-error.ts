/** The union of all errors of this package, and how to recognize one. */
import { BRAND } from './base.js';
import type { ERRORS } from './list.js';

/** Any error of this package, for `switch (error.code)`. docs/errors.md lists every code. */
export type AnyEncryptedStorageError = InstanceType<(typeof ERRORS)[number]['type']>;

/** All codes. docs/errors.md says when each is thrown and what to do about it. */
export type EncryptedStorageErrorCode = AnyEncryptedStorageError['code'];

/**
 * Returns whether this package threw `error`. Unlike `instanceof`, it also recognizes errors from the other build (ESM or
 * CommonJS) of this package in the same process.
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
