/**
 * Every error this package throws of its own. The code is the API, the message is for people: one sentence that says what
 * to do. No message, no field and no `cause` holds key bytes or plaintext. Errors of the Azure SDKs pass through untouched.
 */

/** On every error of either build of this package. */
export const BRAND: unique symbol = Symbol.for('nestjs-azure-encrypted-storage/error');

/** Base of all errors of this package; tell them apart by {@link EncryptedStorageError.code}. */
export abstract class EncryptedStorageError extends Error {
  /** Stable, machine-readable name of the failure. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

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

/** A write was asked for, but no key encryption key is configured to write with. Nothing was sent. */
export class KeyMissingError extends EncryptedStorageError {
  readonly code = 'KEY_MISSING';
  constructor() {
    super('No key to write with: set "keyEncryptionKey" in the encryption options or in the options of the call');
  }
}

/** No configured key and no resolver knows the key id stored with the data. */
export class KeyNotFoundError extends EncryptedStorageError {
  readonly code = 'KEY_NOT_FOUND';
  constructor(readonly keyId: string) {
    super(`No key is known for key id ${JSON.stringify(keyId)}: add the key to "keyResolver" or to the key ring`);
  }
}

/** The resolver answered with a key whose id is not the one stored with the data. */
export class KeyMismatchError extends EncryptedStorageError {
  readonly code = 'KEY_MISMATCH';
  constructor(
    readonly keyId: string,
    readonly resolvedKeyId: string,
  ) {
    super(
      `The key resolver answered with key id ${JSON.stringify(resolvedKeyId)} for ${JSON.stringify(keyId)}: make it return the key of exactly that id, or null`,
    );
  }
}

/** The key is not one that may stand there: it belongs to another tenant. Nothing was unwrapped, or nothing was sent. */
export class KeyNotAllowedError extends EncryptedStorageError {
  readonly code = 'KEY_NOT_ALLOWED';
  constructor(
    readonly keyId: string,
    /** Name of the container, queue or table. */
    readonly resource: string,
  ) {
    super(
      `Key ${JSON.stringify(keyId)} is not allowed for this content of ${JSON.stringify(resource)}: ` +
        'find out who wrote it with that key, or let "allowKey" answer true if the key belongs there',
    );
  }
}

/** The key does not allow the wrap algorithm stored with the data. */
export class KeyAlgorithmError extends EncryptedStorageError {
  readonly code = 'KEY_ALGORITHM_NOT_ALLOWED';
  constructor(
    readonly keyId: string,
    readonly algorithm: string,
  ) {
    super(
      `Key ${JSON.stringify(keyId)} does not allow the wrap algorithm ${JSON.stringify(algorithm)}: resolve the key id to a key of the right kind`,
    );
  }
}

/** The key could not wrap the content key. Nothing was sent. */
export class KeyWrapError extends EncryptedStorageError {
  readonly code = 'KEY_WRAP_FAILED';
  constructor(
    readonly keyId: string,
    options?: ErrorOptions,
  ) {
    super(`Key ${JSON.stringify(keyId)} could not wrap the content key: check the key and its permissions`, options);
  }
}

/** The key could not unwrap the stored content key: it is another key, or the wrapped bytes were changed. */
export class KeyUnwrapError extends EncryptedStorageError {
  readonly code = 'KEY_UNWRAP_FAILED';
  constructor(
    readonly keyId: string,
    options?: ErrorOptions,
  ) {
    super(
      `Key ${JSON.stringify(keyId)} could not unwrap the stored content key: check that this id still names the key it was wrapped with`,
      options,
    );
  }
}

/** Looking for a key, or reaching the service that holds it, failed. The data may be fine: a retry may help. */
export class KeyUnavailableError extends EncryptedStorageError {
  readonly code = 'KEY_UNAVAILABLE';
  constructor(
    readonly keyId: string,
    options?: ErrorOptions,
  ) {
    super(`Key ${JSON.stringify(keyId)} could not be reached: try again when its key service answers`, options);
  }
}

/** The encryption data stored with the content is damaged or not of this format. */
export class InvalidEncryptionDataError extends EncryptedStorageError {
  readonly code = 'INVALID_ENCRYPTION_METADATA';
  constructor(reason: string) {
    super(`The stored encryption data is invalid (${reason}): restore it from a backup or write the content again`);
  }
}

/** The stored protocol version and algorithm are not a pair that this package knows. */
export class UnsupportedProtocolError extends EncryptedStorageError {
  readonly code = 'UNSUPPORTED_PROTOCOL';
  constructor(
    readonly protocol: string,
    readonly algorithm: string,
  ) {
    super(
      `Protocol ${JSON.stringify(protocol)} with ${JSON.stringify(algorithm)} is not supported: upgrade this package if a newer SDK wrote the data`,
    );
  }
}

/** The content does not open. Says nothing of why, deliberately: a reason (padding, tag, key, length) is an oracle. */
export class DecryptionError extends EncryptedStorageError {
  readonly code = 'DECRYPTION_FAILED';
  constructor() {
    super('Decryption failed: the content was changed, cut or written with another key, restore it from a backup');
  }
}

/** A region of protocol 2.x is not where it was written. Nothing of it was released. */
export class RegionOutOfOrderError extends EncryptedStorageError {
  readonly code = 'REGION_OUT_OF_ORDER';
  constructor(readonly region: number) {
    super(
      `Region ${region} is not the one that was written there: the content was rearranged, use the recovery download only if you must read it all the same`,
    );
  }
}

/** Encryption is required, but what is stored was never encrypted. */
export class PlaintextNotAllowedError extends EncryptedStorageError {
  readonly code = 'PLAINTEXT_NOT_ALLOWED';
  constructor(what: string) {
    super(`${what} is not encrypted: set "requireEncryption" to false only if plaintext is expected there`);
  }
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

/** A value of an encrypted property is of a type that cannot be stored. Nothing was sent. */
export class UnsupportedValueError extends EncryptedStorageError {
  readonly code = 'UNSUPPORTED_VALUE';
  constructor(
    readonly propertyName: string,
    reason: string,
  ) {
    super(`Encrypted property ${JSON.stringify(propertyName)} ${reason}`);
  }
}

/** A filter names an encrypted property: it would be compared with ciphertext and find nothing. Nothing was sent. */
export class EncryptedPropertyInFilterError extends EncryptedStorageError {
  readonly code = 'ENCRYPTED_PROPERTY_IN_FILTER';
  constructor(readonly propertyName: string) {
    super(
      `Property ${JSON.stringify(propertyName)} is encrypted, its content cannot be filtered: filter by clear ones`,
    );
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

/** The worker thread that sealed an upload ended. Nothing was committed. */
export class CipherThreadError extends EncryptedStorageError {
  readonly code = 'CIPHER_THREAD_FAILED';
  constructor(options?: ErrorOptions) {
    super('The thread that sealed the content ended: upload it again, or set "blob.workers" to 0', options);
  }
}

/** A handler of a queue throws it for a message that nobody can use: it goes to the poison queue at once. */
export class UnprocessableMessageError extends EncryptedStorageError {
  readonly code = 'UNPROCESSABLE_MESSAGE';
}
