import { BadRequestException, Controller, Delete, Get, Headers, HttpCode, Param, Put, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { EncryptedContainerClient, InjectEncryptedContainer } from 'nestjs-azure-encrypted-storage';
import { parseRange } from './byte-range.js';

export const SCANS = 'scans';

/** Scans are blobs: streamed in and out, whole or by range, never held in memory. */
@Controller('scans')
export class ScansController {
  constructor(@InjectEncryptedContainer(SCANS) private readonly scans: EncryptedContainerClient) {}

  @Get()
  async list(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.scans.listBlobsFlat()) names.push(name);
    return names;
  }

  @Put(':name')
  @HttpCode(201)
  async upload(
    @Param('name') name: string,
    @Req() request: Request,
    @Headers('content-type') type = 'application/octet-stream',
  ): Promise<{ name: string; etag: string | undefined }> {
    const { etag } = await this.scan(name).uploadStream(request, undefined, undefined, {
      blobHTTPHeaders: { blobContentType: type },
    });
    return { name, etag };
  }

  @Get(':name')
  async download(
    @Param('name') name: string,
    @Res() response: Response,
    @Headers('range') header?: string,
  ): Promise<void> {
    const { plaintextContentLength: length = 0, etag, contentType } = await this.scan(name).getProperties();
    response.set({
      'Accept-Ranges': 'bytes',
      'Content-Type': contentType ?? 'application/octet-stream',
      ETag: etag ?? '',
    });
    const range = parseRange(header, length);
    if (range === 'unsatisfiable') {
      response.status(416).set('Content-Range', `bytes */${length}`).end();
      return;
    }
    const { first, last } = range ?? { first: 0, last: length - 1 };
    if (range !== null) response.status(206).set('Content-Range', `bytes ${first}-${last}/${length}`);
    response.set('Content-Length', String(last - first + 1));
    const conditions = etag === undefined ? {} : { ifMatch: etag };
    const { readableStreamBody } = await this.scan(name).download(first, last - first + 1, { conditions });
    await pipeline(readableStreamBody ?? Readable.from([]), response);
  }

  @Delete(':name')
  @HttpCode(204)
  async remove(@Param('name') name: string): Promise<void> {
    await this.scan(name).delete();
  }

  private scan(name: string): ReturnType<EncryptedContainerClient['getBlockBlobClient']> {
    if (!/^[\w.-]{1,100}$/.test(name))
      throw new BadRequestException('A scan is named by letters, digits, ".", "_" and "-"');
    return this.scans.getBlockBlobClient(name);
  }
}
