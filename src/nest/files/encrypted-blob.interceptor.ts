import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { mergeMap, type Observable } from 'rxjs';
import { EncryptedBlobReader } from '../../blob/encrypted-blob-reader.js';
import type { HttpExchange, HttpRequest, HttpResponse } from './http-exchange.js';
import { sendEncryptedBlob, type SentBlob } from './send-encrypted-blob.js';

/**
 * Sends the content of the encrypted blob whose client a handler returns, as {@link sendEncryptedBlob} does: ranges, conditional
 * requests and HEAD included. Any other result passes through. Works with Express and Fastify.
 *
 * @example
 * ```ts
 * import { Controller, Get, Param, UseInterceptors } from '@nestjs/common';
 * import {
 *   type EncryptedBlockBlobClient,
 *   EncryptedBlobInterceptor,
 *   type EncryptedContainerClient,
 *   InjectEncryptedContainer,
 * } from 'nestjs-azure-encrypted-storage';
 *
 * @Controller('scans')
 * @UseInterceptors(EncryptedBlobInterceptor)
 * export class ScansController {
 *   constructor(@InjectEncryptedContainer('scans') private readonly scans: EncryptedContainerClient) {}
 *
 *   @Get(':name')
 *   read(@Param('name') name: string): EncryptedBlockBlobClient {
 *     return this.scans.getBlockBlobClient(name);
 *   }
 * }
 * ```
 */
@Injectable()
export class EncryptedBlobInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      mergeMap(async (result: unknown) => {
        if (!(result instanceof EncryptedBlobReader)) return result;
        return sendEncryptedBlob(result as SentBlob, exchangeOf(context));
      }),
    );
  }
}

function exchangeOf(context: ExecutionContext): HttpExchange {
  const http = context.switchToHttp();
  return { request: http.getRequest<HttpRequest>(), response: http.getResponse<HttpResponse>() };
}
