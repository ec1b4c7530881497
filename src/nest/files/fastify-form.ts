/** Reads a form with `@fastify/multipart`, and stores the one file that is expected in it. */
import type { IncomingMessage } from 'node:http';
import { BadRequestException } from '@nestjs/common';
import type { EncryptedContainerClient } from '../../blob/encrypted-container-client.js';
import { InvalidOptionsError } from '../../errors/input.js';
import type { EncryptedFile, EncryptedFileOptions } from './encrypted-file.options.js';
import { ReceivedForm } from './received-form.js';
import { type FileStream, storeFile } from './store-file.js';

type Part =
  | { readonly type: 'field'; readonly fieldname: string; readonly value: unknown }
  | {
      readonly type: 'file';
      readonly fieldname: string;
      readonly filename: string;
      readonly mimetype: string;
      readonly file: FileStream;
    };

/** The file that is expected, and where it goes. */
export interface FormStore {
  readonly field: string;
  readonly container: EncryptedContainerClient;
  readonly options: EncryptedFileOptions;
}

/** What `@fastify/multipart` adds to a request, and what Nest reads from it. */
interface MultipartRequest {
  isMultipart?(): boolean;
  parts(options: object): AsyncIterable<Part>;
  readonly raw?: IncomingMessage;
  body?: unknown;
  file?: unknown;
}

/** Sets `file` and `body` of the request, as Multer does for Express. A request that is not a form is not changed. */
export async function receiveFastifyForm(given: object, store: FormStore): Promise<void> {
  const request = given as MultipartRequest;
  if (request.isMultipart === undefined) {
    throw new InvalidOptionsError([
      'EncryptedFileInterceptor needs @fastify/multipart: register it with app.register()',
    ]);
  }
  // until a form was read, `file` is a method of the plugin
  Object.assign(request, { file: undefined });
  if (!request.isMultipart()) return;
  // the plugin would wait for an end that has already passed
  if (request.raw?.closed === true && !request.raw.readableEnded)
    throw new BadRequestException('The form is incomplete');
  const { body, file } = await new FastifyForm(request, store).receive();
  Object.assign(request, { body, file });
}

class FastifyForm {
  private readonly form = new ReceivedForm();
  private readonly body = Object.create(null) as Record<string, unknown>;
  private upload: Promise<EncryptedFile> | undefined;

  constructor(
    private readonly request: MultipartRequest,
    private readonly store: FormStore,
  ) {}

  async receive(): Promise<{ readonly body: object; readonly file: EncryptedFile | undefined }> {
    const { maxBytes } = this.store.options;
    const limits = maxBytes === undefined ? {} : { limits: { fileSize: maxBytes + 1 } };
    try {
      // the upload rejects a file that is too long
      for await (const part of this.request.parts({ ...limits, throwFileSizeLimit: false })) this.take(part);
      this.form.complete();
    } catch (error) {
      this.form.fail();
      await this.upload?.catch(() => undefined);
      throw error;
    }
    return { body: this.body, file: await this.upload };
  }

  private take(part: Part): void {
    if (part.type === 'field') {
      const { fieldname, value } = part;
      const before = this.body[fieldname];
      this.body[fieldname] = before === undefined ? value : [before, value].flat();
      return;
    }
    const { fieldname, filename: originalname, mimetype, file: stream } = part;
    if (fieldname !== this.store.field || this.upload !== undefined) {
      stream.on('error', () => undefined).resume();
      throw new BadRequestException(`Unexpected file field - ${fieldname}`);
    }
    const file = { fieldname, originalname, mimetype };
    const { container, options } = this.store;
    this.upload = storeFile(container, { file, stream, form: this.form, request: this.request }, options);
    // it is awaited when the form is complete
    this.upload.catch(() => undefined);
  }
}
