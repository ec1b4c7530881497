/** Errors about what the application passes in: options, entities, values, sources. */
import { quoted } from '../encoding/printable.js';
import { EncryptedStorageError } from './base.js';

/** The module options, or the options of a call, are invalid. The error lists every fault, not just the first. */
export class InvalidOptionsError extends EncryptedStorageError {
  readonly code = 'INVALID_OPTIONS';
  constructor(readonly faults: readonly string[]) {
    super(`Invalid options: ${faults.join('; ')}`);
  }
}

/** An entity class or an entity value cannot be stored as declared. */
export class InvalidEntityError extends EncryptedStorageError {
  readonly code = 'INVALID_ENTITY';
}

/** The encrypted content is larger than the service accepts. Nothing was sent. */
export class PayloadTooLargeError extends EncryptedStorageError {
  readonly code = 'PAYLOAD_TOO_LARGE';
  constructor(
    what: string,
    readonly limitBytes: number,
    readonly actualBytes: number,
  ) {
    super(`${what} has ${actualBytes} bytes when encrypted, but the limit is ${limitBytes}: make the content smaller`);
  }
}

/** The operation, or one of its options, is not supported with encryption. Nothing was sent. */
export class UnsupportedOperationError extends EncryptedStorageError {
  readonly code = 'UNSUPPORTED_OPERATION';
}

/** The value of an encrypted property, or the content of a message or blob, cannot be stored. Nothing was sent. */
export class UnsupportedValueError extends EncryptedStorageError {
  readonly code = 'UNSUPPORTED_VALUE';
  constructor(
    /** `null` for the content of a message or blob. */
    readonly propertyName: string | null,
    reason: string,
  ) {
    super(`${propertyName === null ? 'The content' : `Property ${quoted(propertyName)}`} ${reason}`);
  }
}

/** An entity has a property that its class does not declare, so it would be stored in plaintext. Nothing was sent. */
export class UndeclaredPropertyError extends EncryptedStorageError {
  readonly code = 'UNDECLARED_PROPERTY';
  constructor(
    readonly propertyName: string,
    entityClass: string,
  ) {
    super(
      `Property ${JSON.stringify(propertyName)} of ${entityClass} is not declared and would be stored in plaintext: ` +
        'mark it with @Encrypt() or @Sign(), list it under "clear" of @EncryptedEntity(), or leave it out',
    );
  }
}

/** A filter names an encrypted property, so it would be compared with ciphertext and find nothing. Nothing was sent. */
export class EncryptedPropertyInFilterError extends EncryptedStorageError {
  readonly code = 'ENCRYPTED_PROPERTY_IN_FILTER';
  constructor(readonly propertyName: string) {
    super(`Property ${quoted(propertyName)} is encrypted, so you cannot filter by it: filter by clear properties`);
  }
}

/** Another row already has the value of a unique property, or reserves it. The row was not written. */
export class DuplicateValueError extends EncryptedStorageError {
  readonly code = 'DUPLICATE_VALUE';
  constructor(readonly propertyName: string) {
    super(`Another row has the same value of ${quoted(propertyName)}, which must be unique: store another value`);
  }
}

/** The source of an upload returned fewer or more bytes than announced. Nothing was committed. */
export class SourceLengthError extends EncryptedStorageError {
  readonly code = 'SOURCE_LENGTH_MISMATCH';
  constructor(
    readonly expectedBytes: number,
    readonly actualBytes: number,
  ) {
    super(
      `The source returned ${actualBytes} bytes, but ${expectedBytes} were announced: pass the correct length of the content`,
    );
  }
}

/** The source of an upload has already been read, is being read, or was destroyed. Nothing was committed. */
export class SourceConsumedError extends EncryptedStorageError {
  readonly code = 'SOURCE_CONSUMED';
  constructor(state: string, options?: ErrorOptions) {
    super(
      `The source of the upload ${state}: pass a stream that has not been read yet, or the bytes themselves`,
      options,
    );
  }
}

/** Throw this from a queue handler for a message that can never be processed: it moves to the poison queue at once. */
export class UnprocessableMessageError extends EncryptedStorageError {
  readonly code = 'UNPROCESSABLE_MESSAGE';
}
