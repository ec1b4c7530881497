import type { IncomingMessage } from 'node:http';
import type { EncryptedContainerClient } from '../../blob/encrypted-container-client.js';
import {
  checkFileOptions,
  type EncryptedFile,
  type EncryptedFileOptions,
  type IncomingFile,
} from './encrypted-file.options.js';
import { ReceivedForm } from './received-form.js';
import { type FileStream, removeStoredFile, storeFile } from './store-file.js';

type MulterFile = IncomingFile & { readonly stream: FileStream };

/**
 * A storage engine of Multer that streams files into encrypted blobs. Pass it as `storage` to Nest's `FileInterceptor`,
 * `FilesInterceptor` or `MulterModule`, or to Multer itself. {@link EncryptedFileInterceptor} does that for one file.
 *
 * A blob appears when the whole form has been received. If the client disconnects, if a file is too long for this engine or for
 * the `limits` of Multer, or if another file of the form is rejected, nothing is stored. If Multer rejects the form for another
 * reason after the file is stored, or a pipe rejects it, the blob is deleted, unless it may have replaced another (`replace`).
 *
 * @example
 * ```ts
 * import { Controller, Post, UploadedFiles, UseInterceptors } from '@nestjs/common';
 * import { FilesInterceptor } from '@nestjs/platform-express';
 * import { EncryptedBlobService, type EncryptedFile, EncryptedMulterStorage } from 'nestjs-azure-encrypted-storage';
 *
 * declare const blobs: EncryptedBlobService;
 * const storage = new EncryptedMulterStorage(blobs.getContainerClient('scans'), { maxBytes: 50_000_000 });
 *
 * @Controller('scans')
 * export class ScansController {
 *   @Post()
 *   @UseInterceptors(FilesInterceptor('scans', 5, { storage }))
 *   add(@UploadedFiles() files: EncryptedFile[]): string[] {
 *     return files.map(({ blobName }) => blobName);
 *   }
 * }
 * ```
 */
export class EncryptedMulterStorage {
  readonly #forms = new WeakMap<IncomingMessage, ReceivedForm>();

  /** @throws `INVALID_OPTIONS` with every fault */
  constructor(
    private readonly container: EncryptedContainerClient,
    private readonly options: EncryptedFileOptions = {},
  ) {
    checkFileOptions(options);
  }

  /** Stores a file. Called by Multer. */
  _handleFile(
    request: IncomingMessage,
    file: MulterFile,
    callback: (error?: unknown, info?: Partial<EncryptedFile>) => void,
  ): void {
    const part = { file, stream: file.stream, form: this.#formOf(request), request };
    storeFile(this.container, part, this.options).then((stored) => {
      callback(null, stored);
    }, callback);
  }

  /** Deletes a file of a form that failed. Called by Multer. */
  _removeFile(_request: IncomingMessage, file: EncryptedFile, callback: (error: Error | null) => void): void {
    removeStoredFile(this.container, file, this.options).then(() => {
      callback(null);
    }, callback);
  }

  /** Fails the form of an unexpected file: nothing of the form is stored, without waiting for the rest of it. */
  refuse(request: IncomingMessage): void {
    this.#formOf(request).fail();
  }

  #formOf(request: IncomingMessage): ReceivedForm {
    const form = this.#forms.get(request) ?? ReceivedForm.of(request);
    this.#forms.set(request, form);
    return form;
  }
}
