/**
 * Every error this package throws of its own. The code is the API, the message is for people: one sentence that says what
 * to do. No message, no field and no `cause` holds key bytes or plaintext. What comes from storage, such as a key id, is escaped
 * and cut in messages and fields, so that an error can be logged as it is. Errors of the Azure SDKs pass through untouched.
 */
import { escaped } from '../encoding/printable.js';

/** On every error of either build of this package. */
export const BRAND: unique symbol = Symbol.for('nestjs-azure-encrypted-storage/error');

/** Base of all errors of this package; tell them apart by {@link EncryptedStorageError.code}. */
export abstract class EncryptedStorageError extends Error {
  /** Stable, machine-readable name of the failure. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(escaped(message), options);
    this.name = new.target.name;
    Object.defineProperty(this, BRAND, { value: true });
  }
}
