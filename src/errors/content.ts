/** Errors about stored content: damaged, rearranged, of another version, or never encrypted. */
import { printable, quoted } from '../encoding/printable.js';
import { EncryptedStorageError } from './base.js';

/** The encryption data stored with the content is damaged or has another format. */
export class InvalidEncryptionDataError extends EncryptedStorageError {
  readonly code = 'INVALID_ENCRYPTION_METADATA';
  constructor(reason: string) {
    super(`The stored encryption data is invalid (${reason}): restore it from a backup or write the content again`);
  }
}

/** The stored protocol version and algorithm are not a pair that this package knows. */
export class UnsupportedProtocolError extends EncryptedStorageError {
  readonly code = 'UNSUPPORTED_PROTOCOL';
  readonly algorithm: string;
  readonly protocol: string;
  constructor(protocol: string, algorithm: string) {
    super(
      `Protocol ${quoted(protocol)} with ${quoted(algorithm)} is not supported: upgrade this package if a newer SDK wrote the data`,
    );
    this.algorithm = printable(algorithm);
    this.protocol = printable(protocol);
  }
}

/** The content cannot be decrypted. It deliberately gives no reason (padding, tag, key, length), which would be an oracle. */
export class DecryptionError extends EncryptedStorageError {
  readonly code = 'DECRYPTION_FAILED';
  constructor() {
    super(
      'Decryption failed: the content was changed, truncated or written with another key: restore it from a backup',
    );
  }
}

/** A region of protocol 2.x is not where it was written. No byte of it was released. */
export class RegionOutOfOrderError extends EncryptedStorageError {
  readonly code = 'REGION_OUT_OF_ORDER';
  constructor(readonly region: number) {
    super(
      `Region ${region} is not where it was written: restore the content from a backup, or use "downloadMisordered" if you have to read it anyway`,
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

/** The worker thread that sealed an upload ended. Nothing was committed. */
export class CipherThreadError extends EncryptedStorageError {
  readonly code = 'CIPHER_THREAD_FAILED';
  constructor(options?: ErrorOptions) {
    super('The thread that sealed the content ended: upload it again, or set "blob.workers" to 0', options);
  }
}

/** The pages belong to an upload that is still in progress, or whose process ended. No byte of them was released. */
export class UploadUnfinishedError extends EncryptedStorageError {
  readonly code = 'UPLOAD_UNFINISHED';
  /** Snapshot with the content from before the upload, if there was any. */
  readonly previousSnapshot: string | undefined;
  constructor(previousSnapshot: string | undefined) {
    const previous = previousSnapshot === undefined ? undefined : printable(previousSnapshot);
    const kept = previous === undefined ? '' : `, or read the previous content from snapshot ${previous}`;
    super(`The upload of this page blob is not complete: try again later, upload again if its process has died${kept}`);
    this.previousSnapshot = previous;
  }
}
