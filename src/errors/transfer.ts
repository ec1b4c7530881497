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
