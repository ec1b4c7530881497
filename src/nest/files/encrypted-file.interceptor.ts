import type { IncomingMessage } from 'node:http';
import {
  BadRequestException,
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Observable } from 'rxjs';
import type { EncryptedContainerClient } from '../../blob/encrypted-container-client.js';
import { notInstalled } from '../../option-rules.js';
import { getEncryptedContainerToken } from '../injection/encrypted-storage.tokens.js';
import { checkFileOptions, type EncryptedFileOptions } from './encrypted-file.options.js';
import { EncryptedMulterStorage } from './encrypted-multer-storage.js';
import { type FormStore, receiveFastifyForm } from './fastify-form.js';

/** Options of the interceptor. */
export interface EncryptedFileInterceptorOptions extends EncryptedFileOptions {
  /** Name of the account, if there are several. The default is the account without a name. */
  readonly account?: string;
}

/**
 * Streams the file of a form into an encrypted blob, without a temporary file, and injects it with `@UploadedFile()` as an
 * {@link EncryptedFile}. The other fields of the form are the body. Works with Express (Multer) and with Fastify, where you register
 * `@fastify/multipart`.
 *
 * The blob appears when the whole form has been received. If the client disconnects or the file is longer than `maxBytes` (413),
 * nothing is stored, and an existing blob is unchanged. Pipes and handlers run after the file is stored.
 *
 * @param field - name of the field of the form
 * @param container - name of a container that the module gets from `forFeature`
 * @throws `INVALID_OPTIONS` with every fault
 *
 * @example
 * ```ts
 * import { Controller, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
 * import { type EncryptedFile, EncryptedFileInterceptor } from 'nestjs-azure-encrypted-storage';
 *
 * @Controller('scans')
 * export class ScansController {
 *   @Post()
 *   @UseInterceptors(EncryptedFileInterceptor('scan', 'scans', { maxBytes: 50_000_000 }))
 *   add(@UploadedFile() scan: EncryptedFile): { name: string; size: number } {
 *     return { name: scan.blobName, size: scan.size };
 *   }
 * }
 * ```
 */
export function EncryptedFileInterceptor(
  field: string,
  container: string,
  { account, ...options }: EncryptedFileInterceptorOptions = {},
): Type<NestInterceptor> {
  checkFileOptions(options);

  @Injectable()
  class EncryptedFileMixinInterceptor implements NestInterceptor {
    private made: Promise<NestInterceptor> | undefined;

    constructor(
      @Inject(getEncryptedContainerToken(container, account)) private readonly client: EncryptedContainerClient,
      @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    ) {}

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      this.made ??= this.make();
      return (await this.made).intercept(context, next);
    }

    private make(): Promise<NestInterceptor> {
      const store = { field, container: this.client, options };
      return this.host.httpAdapter.getType() === 'fastify'
        ? Promise.resolve(fastifyInterceptor(store))
        : multerInterceptor(store);
    }
  }
  return EncryptedFileMixinInterceptor;
}

const EXPRESS = '@nestjs/platform-express';

/** Nest's own interceptor runs Multer, and turns its errors into exceptions. Its package is an optional peer. */
async function multerInterceptor({ field, container, options }: FormStore): Promise<NestInterceptor> {
  const storage = new EncryptedMulterStorage(container, options);
  const fault = `EncryptedFileInterceptor needs ${EXPRESS}, or Fastify: install it with "npm install ${EXPRESS}"`;
  const { AnyFilesInterceptor } = await import('@nestjs/platform-express').catch(notInstalled(fault));
  const inner = new (AnyFilesInterceptor({ storage, fileFilter: oneFile(field, storage) }))();
  return { intercept: (context, next) => inner.intercept(context, { handle: () => withOneFile(context, next) }) };
}

type Decision = (error: Error | null, isAccepted: boolean) => void;

/**
 * Multer neither reads a file that it rejects itself nor ends the others, so a form with two long files would never end. So files
 * are rejected here, after their form has failed.
 */
function oneFile(field: string, storage: EncryptedMulterStorage) {
  const begun = new WeakSet<object>();
  return (given: unknown, { fieldname }: { readonly fieldname: string }, decide: Decision): void => {
    const request = given as IncomingMessage;
    if (fieldname === field && !begun.has(request)) {
      begun.add(request);
      decide(null, true);
      return;
    }
    storage.refuse(request);
    decide(new BadRequestException(`Unexpected file field - ${fieldname}`), false);
  };
}

/** Puts the file where `@UploadedFile()` looks for it. */
function withOneFile(context: ExecutionContext, next: CallHandler): Observable<unknown> {
  const request = context.switchToHttp().getRequest<{ file?: unknown; files?: readonly unknown[] }>();
  request.file = request.files?.[0];
  delete request.files;
  return next.handle();
}

const fastifyInterceptor = (store: FormStore): NestInterceptor => ({
  intercept: async (context, next) => {
    await receiveFastifyForm(context.switchToHttp().getRequest<object>(), store);
    return next.handle();
  },
});
