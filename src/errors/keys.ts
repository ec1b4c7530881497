/** Errors of keys: none to write with, none that reads, one that fails or cannot be reached. */
import { printable, quoted } from '../encoding/printable.js';
import { EncryptedStorageError } from './base.js';

/** A write was asked for, but no key encryption key is configured to write with. Nothing was sent. */
export class KeyMissingError extends EncryptedStorageError {
  readonly code = 'KEY_MISSING';
  constructor() {
    super('No key to write with: set "keyEncryptionKey" in the encryption options or in the options of the call');
  }
}

/**
 * No configured key and no resolver knows the key id stored with the data, or it names a version that its key in the vault never
 * had.
 */
export class KeyNotFoundError extends EncryptedStorageError {
  readonly code = 'KEY_NOT_FOUND';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(`No key is known for key id ${quoted(keyId)}: add the key to "keyResolver" or to the key ring`, options);
    this.keyId = printable(keyId);
  }
}

/** The resolver answered with a key whose id is not the one stored with the data. */
export class KeyMismatchError extends EncryptedStorageError {
  readonly code = 'KEY_MISMATCH';
  readonly keyId: string;
  readonly resolvedKeyId: string;
  constructor(keyId: string, resolvedKeyId: string) {
    super(
      `The key resolver answered with key id ${quoted(resolvedKeyId)} for ${quoted(keyId)}: make it return the key of exactly that id, or null`,
    );
    this.keyId = printable(keyId);
    this.resolvedKeyId = printable(resolvedKeyId);
  }
}

/** The key is not one that may stand there: it belongs to another tenant. Nothing was unwrapped, or nothing was sent. */
export class KeyNotAllowedError extends EncryptedStorageError {
  readonly code = 'KEY_NOT_ALLOWED';
  readonly keyId: string;
  constructor(
    keyId: string,
    /** Name of the container, queue or table. */
    readonly resource: string,
  ) {
    super(
      `Key ${quoted(keyId)} is not allowed for this content of ${quoted(resource)}: ` +
        'find out who wrote it with that key, or let "allowKey" answer true if the key belongs there',
    );
    this.keyId = printable(keyId);
  }
}

/** The key does not allow the wrap algorithm stored with the data. */
export class KeyAlgorithmError extends EncryptedStorageError {
  readonly code = 'KEY_ALGORITHM_NOT_ALLOWED';
  readonly keyId: string;
  readonly algorithm: string;
  constructor(keyId: string, algorithm: string) {
    super(
      `Key ${quoted(keyId)} does not allow the wrap algorithm ${quoted(algorithm)}: resolve the key id to a key of the right kind`,
    );
    this.keyId = printable(keyId);
    this.algorithm = printable(algorithm);
  }
}

/** The key could not wrap the content key. Nothing was sent. */
export class KeyWrapError extends EncryptedStorageError {
  readonly code = 'KEY_WRAP_FAILED';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(`Key ${quoted(keyId)} could not wrap the content key: check the key and its permissions`, options);
    this.keyId = printable(keyId);
  }
}

/** The key could not unwrap the stored content key: it is another key, or the wrapped bytes were changed. */
export class KeyUnwrapError extends EncryptedStorageError {
  readonly code = 'KEY_UNWRAP_FAILED';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(
      `Key ${quoted(keyId)} could not unwrap the stored content key: check that this id still names the key it was wrapped with`,
      options,
    );
    this.keyId = printable(keyId);
  }
}

/** Looking for a key, or reaching the service that holds it, failed. The data may be fine: a retry may help. */
export class KeyUnavailableError extends EncryptedStorageError {
  readonly code = 'KEY_UNAVAILABLE';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(`Key ${quoted(keyId)} could not be reached: try again when its key service answers`, options);
    this.keyId = printable(keyId);
  }
}

/** The key service refused this application, so its keys cannot be used. Says nothing about the stored content. */
export class KeyAccessDeniedError extends EncryptedStorageError {
  readonly code = 'KEY_ACCESS_DENIED';
  constructor(
    readonly keyId: string,
    options?: ErrorOptions,
  ) {
    super(
      `The key service denied this application the use of key ${JSON.stringify(keyId)}: give its identity the role "Key Vault Crypto Service Encryption User" (or the permissions get, wrapKey and unwrapKey), and check the firewall of the vault`,
      options,
    );
  }
}

/** The key does not exist in its key service any more. */
export class KeyDeletedError extends EncryptedStorageError {
  readonly code = 'KEY_DELETED';
  constructor(
    readonly keyId: string,
    options?: ErrorOptions,
  ) {
    super(
      `Key ${JSON.stringify(keyId)} does not exist in its key service: recover it if it was deleted, or restore it from a backup`,
      options,
    );
  }
}

/** The key exists, but its state forbids its use: it is disabled, has expired, or is not valid yet. */
export class KeyDisabledError extends EncryptedStorageError {
  readonly code = 'KEY_DISABLED';
  constructor(
    readonly keyId: string,
    /** What forbids the use. */
    readonly state: 'disabled' | 'expired' | 'not valid yet',
    options?: ErrorOptions,
  ) {
    super(`Key ${JSON.stringify(keyId)} is ${state}: ${REMEDIES[state]}`, options);
  }
}

const REMEDIES = {
  disabled: 'enable this version in the key service',
  expired: 'rotate the key, or move the expiry date of this version',
  'not valid yet': 'wait for its activation date, or move that date',
} as const;
