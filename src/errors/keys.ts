/** Errors about keys: no key to write with, no key that reads, or a key that fails or cannot be reached. */
import { printable, quoted } from '../encoding/printable.js';
import { EncryptedStorageError } from './base.js';

/** A write needs a key encryption key, but none is configured. Nothing was sent. */
export class KeyMissingError extends EncryptedStorageError {
  readonly code = 'KEY_MISSING';
  constructor() {
    super('No key to write with: set "keyEncryptionKey" in the encryption options or in the options of the call');
  }
}

/** Neither a configured key nor the resolver has the stored key id, or the id names a version that the key in the vault never had. */
export class KeyNotFoundError extends EncryptedStorageError {
  readonly code = 'KEY_NOT_FOUND';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(`No key was found for key id ${quoted(keyId)}: add the key to "keyResolver" or to the key ring`, options);
    this.keyId = printable(keyId);
  }
}

/** The resolver returned a key whose id is not the one stored with the data. */
export class KeyMismatchError extends EncryptedStorageError {
  readonly code = 'KEY_MISMATCH';
  readonly keyId: string;
  readonly resolvedKeyId: string;
  constructor(keyId: string, resolvedKeyId: string) {
    super(
      `The key resolver returned key id ${quoted(resolvedKeyId)} for ${quoted(keyId)}: make it return the key with exactly that id, or null`,
    );
    this.keyId = printable(keyId);
    this.resolvedKeyId = printable(resolvedKeyId);
  }
}

/** The key may not be used for this target, because it belongs to another tenant. Nothing was unwrapped, or nothing was sent. */
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
        'find out who wrote it with that key, or make "allowKey" return true if the key belongs there',
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

/** The key could not unwrap the stored content key: another key has this id, or the wrapped bytes were changed. */
export class KeyUnwrapError extends EncryptedStorageError {
  readonly code = 'KEY_UNWRAP_FAILED';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(
      `Key ${quoted(keyId)} could not unwrap the stored content key: check that this id still names the key that wrapped it`,
      options,
    );
    this.keyId = printable(keyId);
  }
}

/** The key could not be looked up, or its key service could not be reached. The data is intact; try again later. */
export class KeyUnavailableError extends EncryptedStorageError {
  readonly code = 'KEY_UNAVAILABLE';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(`Key ${quoted(keyId)} could not be reached: try again when its key service is available`, options);
    this.keyId = printable(keyId);
  }
}

/** The key service denied this application access to the key. This is not a fault of the stored content. */
export class KeyAccessDeniedError extends EncryptedStorageError {
  readonly code = 'KEY_ACCESS_DENIED';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(
      `The key service denied this application the use of key ${quoted(keyId)}: give its identity the role "Key Vault Crypto Service Encryption User" (or the permissions get, wrapKey and unwrapKey), and check the firewall of the vault`,
      options,
    );
    this.keyId = printable(keyId);
  }
}

/** The key no longer exists in its key service. */
export class KeyDeletedError extends EncryptedStorageError {
  readonly code = 'KEY_DELETED';
  readonly keyId: string;
  constructor(keyId: string, options?: ErrorOptions) {
    super(
      `Key ${quoted(keyId)} does not exist in its key service: recover it if it was deleted, or restore it from a backup`,
      options,
    );
    this.keyId = printable(keyId);
  }
}

/** The key exists, but it is disabled, has expired, or is not valid yet. */
export class KeyDisabledError extends EncryptedStorageError {
  readonly code = 'KEY_DISABLED';
  readonly keyId: string;
  constructor(
    keyId: string,
    /** Why the key cannot be used. */
    readonly state: 'disabled' | 'expired' | 'not valid yet',
    options?: ErrorOptions,
  ) {
    super(`Key ${quoted(keyId)} is ${state}: ${REMEDIES[state]}`, options);
    this.keyId = printable(keyId);
  }
}

const REMEDIES = {
  disabled: 'enable this version in the key service',
  expired: 'rotate the key, or move the expiry date of this version',
  'not valid yet': 'wait for its activation date, or move that date',
} as const;
