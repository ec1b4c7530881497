/** Errors of what the application passes in: options, entities, values, sources. */
import { quoted } from '../encoding/printable.js';
import { EncryptedStorageError } from './base.js';

/** The module options, or the options of a call, cannot work. Lists every fault found, not just the first. */
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

/** What would be sent is larger than the service accepts. Nothing was sent. */
export class PayloadTooLargeError extends EncryptedStorageError {
  readonly code = 'PAYLOAD_TOO_LARGE';
  constructor(
    what: string,
    readonly limitBytes: number,
    readonly actualBytes: number,
  ) {
    super(`${what} has ${actualBytes} bytes when encrypted, the limit is ${limitBytes}: make the content smaller`);
  }
}

/** The operation, or one of its options, cannot hold together with encryption. Nothing was sent. */
export class UnsupportedOperationError extends EncryptedStorageError {
  readonly code = 'UNSUPPORTED_OPERATION';
}

/** A value of an encrypted property, or the content of a message or blob, is of a type that cannot be stored. Nothing was sent. */
export class UnsupportedValueError extends EncryptedStorageError {
  readonly code = 'UNSUPPORTED_VALUE';
  constructor(
    /** `null` for the content of a message or blob. */
    readonly propertyName: string | null,
    reason: string,
  ) {
    super(`${propertyName === null ? 'The content' : `Encrypted property ${quoted(propertyName)}`} ${reason}`);
  }
}

/** An entity has a property that its class does not declare: it would be stored in clear. Nothing was sent. */
export class UndeclaredPropertyError extends EncryptedStorageError {
  readonly code = 'UNDECLARED_PROPERTY';
  constructor(
    readonly propertyName: string,
    entityClass: string,
  ) {
    super(
      `Property ${JSON.stringify(propertyName)} of ${entityClass} is not declared and would be stored in clear: ` +
        'mark it with @Encrypt(), name it under "clear" of @EncryptedEntity(), or leave it out',
    );
  }
}

/** A filter names an encrypted property: it would be compared with ciphertext and find nothing. Nothing was sent. */
export class EncryptedPropertyInFilterError extends EncryptedStorageError {
  readonly code = 'ENCRYPTED_PROPERTY_IN_FILTER';
  constructor(readonly propertyName: string) {
    super(`Property ${quoted(propertyName)} is encrypted, its content cannot be filtered: filter by clear ones`);
  }
}

/** The source of an upload gave another number of bytes than was announced. Nothing was committed. */
export class SourceLengthError extends EncryptedStorageError {
  readonly code = 'SOURCE_LENGTH_MISMATCH';
  constructor(
    readonly expectedBytes: number,
    readonly actualBytes: number,
  ) {
    super(`The source gave ${actualBytes} bytes, ${expectedBytes} were announced: pass the true length of the content`);
  }
}

/** The source of an upload was read before, is being read, or was destroyed. Nothing was committed. */
export class SourceConsumedError extends EncryptedStorageError {
  readonly code = 'SOURCE_CONSUMED';
  constructor(state: string, options?: ErrorOptions) {
    super(
      `The source of the upload ${state}: pass a stream that nobody has read from, or the bytes themselves`,
      options,
    );
  }
}

/** A handler of a queue throws it for a message that nobody can use: it goes to the poison queue at once. */
export class UnprocessableMessageError extends EncryptedStorageError {
  readonly code = 'UNPROCESSABLE_MESSAGE';
}
