import { isEncryptedStorageError } from '../errors/any-error.js';
import type { EncryptedStorageError } from '../errors/base.js';
import type { KeyAccessDeniedError, KeyDeletedError, KeyDisabledError, KeyUnavailableError } from '../errors/keys.js';
import type { LockedOutError } from '../errors/integrity.js';

type KeyOutage = KeyUnavailableError | KeyAccessDeniedError | KeyDeletedError | KeyDisabledError | LockedOutError;

const KEY_OUTAGES: readonly string[] = [
  'KEY_UNAVAILABLE',
  'KEY_ACCESS_DENIED',
  'KEY_DELETED',
  'KEY_DISABLED',
  'LOCKED_OUT',
] satisfies KeyOutage['code'][];

/**
 * Whether a key cannot be used for now, whatever it is asked: its service does not answer or refuses access, or the key is deleted
 * or disabled, or what it wrapped is locked out. That says nothing about the stored content, which can be read once the key is back.
 */
export const isKeyOutage = (error: unknown): error is KeyOutage =>
  isEncryptedStorageError(error) && KEY_OUTAGES.includes(error.code);

/** Whether content of one wrapped key is not opened for now; the key itself answers. */
export const isLockedOut = (error: unknown): error is LockedOutError =>
  isEncryptedStorageError(error) && error.code === 'LOCKED_OUT';

/** Whether stored content is to blame for the error. A {@link isKeyOutage | key outage} or wrong options are not its fault. */
export const isContentFault = (error: unknown): error is EncryptedStorageError =>
  isEncryptedStorageError(error) && !isKeyOutage(error) && error.code !== 'INVALID_OPTIONS';

/**
 * Whether a handler for content that cannot be decrypted gets the error, so that the rest of a listing or receive goes on. Content that
 * is locked out is one of them, though it may be readable later: whoever can write to storage must not stop a whole listing by it.
 */
export const isForHandler = (error: unknown): error is EncryptedStorageError =>
  isContentFault(error) || isLockedOut(error);
