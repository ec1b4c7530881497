/**
 * The base of every error that this package defines. The code is API. The message is for people: one sentence that says what to
 * do. No message, field or `cause` contains key bytes or plaintext. Text from storage, such as a key id, is escaped and truncated
 * in messages and fields, so that an error can be logged safely. Errors of the Azure SDKs pass through unchanged.
 */
import { escaped } from '../encoding/printable.js';

/** Marks the errors of both builds of this package. */
export const BRAND: unique symbol = Symbol.for('nestjs-azure-encrypted-storage/error');

/** Base class of all errors of this package. Use {@link EncryptedStorageError.code} to distinguish them. */
export abstract class EncryptedStorageError extends Error {
  /** Stable, machine-readable name of the failure. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(escaped(message), options);
    this.name = new.target.name;
    Object.defineProperty(this, BRAND, { value: true });
  }
}
