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
 * Whether a key cannot be used at the moment, whatever the request: its service does not respond or denies access, the key is
 * deleted or disabled, or what it wrapped is locked out. The stored content is not at fault, and can be read once the key is
 * back.
 */
export const isKeyOutage = (error: unknown): error is KeyOutage =>
  isEncryptedStorageError(error) && KEY_OUTAGES.includes(error.code);

/** Whether content under one wrapped key is locked at the moment. The key itself is available. */
export const isLockedOut = (error: unknown): error is LockedOutError =>
  isEncryptedStorageError(error) && error.code === 'LOCKED_OUT';

/** Whether the stored content causes the error. A {@link isKeyOutage | key outage} or wrong options are not its fault. */
export const isContentFault = (error: unknown): error is EncryptedStorageError =>
  isEncryptedStorageError(error) && !isKeyOutage(error) && error.code !== 'INVALID_OPTIONS';

/**
 * Whether a handler for content that cannot be decrypted gets the error, so that the rest of a listing or receive continues.
 * Locked content is passed to it too, although it may be readable later, because someone who can write to storage must not be
 * able to stop a whole listing.
 */
export const isForHandler = (error: unknown): error is EncryptedStorageError =>
  isContentFault(error) || isLockedOut(error);
