/** Errors between the application and the service: broken connections, and responses that cannot be used. */
import { EncryptedStorageError } from './base.js';

/** The connection broke during a download, and again on every attempt to fetch the rest. */
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

/** A response lacks a header, or describes something other than what was requested. No part of it was used. */
export class InvalidServiceResponseError extends EncryptedStorageError {
  readonly code = 'INVALID_SERVICE_RESPONSE';
  constructor(reason: string) {
    super(`The response of the service ${reason}: check the proxies between the application and the service`);
  }
}

/** An upload of pages failed, and the previous content could not be restored. Readers get `UPLOAD_UNFINISHED`. */
export class RollbackFailedError extends EncryptedStorageError {
  readonly code = 'ROLLBACK_FAILED';
  constructor(
    /** Snapshot with the content from before the upload, if there was any. */
    readonly previousSnapshot: string | undefined,
    /** Why the previous content could not be restored. */
    readonly rollbackError: unknown,
    /** `cause`: why the upload failed. */
    options?: ErrorOptions,
  ) {
    const kept = previousSnapshot === undefined ? '' : `; the previous content is in snapshot ${previousSnapshot}`;
    super(`The upload failed and could not be rolled back: upload the content again${kept}`, options);
  }
}
