/** Errors of what lies between the application and the service: broken connections, and answers that cannot be used. */
import { EncryptedStorageError } from './base.js';

/** The connection broke while content was downloaded, and again each time that the rest was asked for. */
export class DownloadInterruptedError extends EncryptedStorageError {
  readonly code = 'DOWNLOAD_INTERRUPTED';
  constructor(
    /** Bytes of the stored content that arrived. */
    readonly receivedBytes: number,
    readonly expectedBytes: number,
    options?: ErrorOptions,
  ) {
    super(
      `The connection broke after ${receivedBytes} of ${expectedBytes} bytes, and the rest could not be fetched: download the content again`,
      options,
    );
  }
}

/** An answer lacks a header, or describes something else than what was asked for. Nothing of it was used. */
export class InvalidServiceResponseError extends EncryptedStorageError {
  readonly code = 'INVALID_SERVICE_RESPONSE';
  constructor(reason: string) {
    super(`The answer of the service ${reason}: check the proxies between the application and the service`);
  }
}

/** An upload of pages failed, and the content before it could not be put back. Readers get `UPLOAD_UNFINISHED`. */
export class RollbackFailedError extends EncryptedStorageError {
  readonly code = 'ROLLBACK_FAILED';
  constructor(
    /** Snapshot that holds the content before the upload, if there was any. */
    readonly previousSnapshot: string | undefined,
    /** Why the content could not be put back. */
    readonly rollbackError: unknown,
    /** `cause`: why the upload failed. */
    options?: ErrorOptions,
  ) {
    const kept = previousSnapshot === undefined ? '' : `; the content before it is in snapshot ${previousSnapshot}`;
    super(`The upload failed and could not be rolled back: upload the content again${kept}`, options);
  }
}
