import {
  Controller,
  Delete,
  Get,
  Head,
  Headers,
  HttpCode,
  Param,
  PreconditionFailedException,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type EncryptedBlockBlobClient,
  EncryptedContainerClient,
  InjectEncryptedContainer,
} from 'nestjs-azure-encrypted-storage';
import { isConditional, judge } from '../http/conditions.js';
import { OnDisconnect } from '../http/disconnect.js';
import { ANY_BYTES, ApiProblems } from '../http/openapi.js';
import { ClinicSettings } from '../settings.js';
import { ScanList, ScanName, ScanPage, ScanWritten } from './scan.dto.js';
import { answerScan, validatorsOf } from './scan-answer.js';
import { uploadBody } from './upload-body.js';

export const SCANS = 'scans';
/** Memory of an upload is a block more than there are on their way. */
const BLOCK_LENGTH = 4 * 1024 * 1024;
const BLOCKS_ON_THEIR_WAY = 2;

interface WriteConditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: '*';
}

/** Scans are blobs: streamed in and out, whole or by range, never held in memory. */
@ApiTags('scans')
@Controller('scans')
export class ScansController {
  constructor(
    @InjectEncryptedContainer(SCANS) private readonly scans: EncryptedContainerClient,
    private readonly settings: ClinicSettings,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List scans by name, a page at a time' })
  @ApiResponse({ status: 200, type: ScanList })
  @ApiProblems({ 400: 'The page is not valid' })
  async list(@Query() { limit, after }: ScanPage): Promise<ScanList> {
    const pages = this.scans.listBlobsFlat().byPage({
      maxPageSize: limit,
      ...(after === undefined ? {} : { continuationToken: after }),
    });
    for await (const { segment, continuationToken } of pages) {
      const scans = segment.blobItems.map(({ name, properties }) => ({
        name,
        contentType: properties.contentType ?? 'application/octet-stream',
        storedBytes: properties.contentLength ?? 0,
        lastModified: properties.lastModified.toISOString(),
      }));
      return { scans, ...(continuationToken ? { next: continuationToken } : {}) };
    }
    return { scans: [] };
  }

  @Put(':name')
  @HttpCode(201)
  @ApiOperation({
    summary: 'Upload a scan, or replace it',
    description:
      'The body is streamed, encrypted, to storage as fast as that takes it. The scan appears whole, or stays as it was: also ' +
      'when the client goes away half-way. The content type is kept.',
  })
  @ApiBody({ required: true, schema: ANY_BYTES['*/*'].schema })
  @ApiHeader({ name: 'If-None-Match', required: false, description: '`*`: only a new scan' })
  @ApiHeader({ name: 'If-Match', required: false, description: 'Only in place of that scan' })
  @ApiResponse({ status: 201, type: ScanWritten })
  @ApiProblems({ 400: 'The name is not valid', 412: 'A condition fails', 413: 'It is too large', 503: 'Try again' })
  async upload(
    @Param() { name }: ScanName,
    @Res({ passthrough: true }) response: Response,
    @OnDisconnect() abortSignal: AbortSignal,
  ): Promise<ScanWritten> {
    const { headers } = response.req;
    const conditions = await this.writeConditions(name, headers);
    const body = uploadBody(response.req, this.settings.scanLimitBytes);
    const { etag = '' } = await this.scan(name).uploadStream(body, BLOCK_LENGTH, BLOCKS_ON_THEIR_WAY, {
      abortSignal,
      conditions,
      blobHTTPHeaders: { blobContentType: headers['content-type'] ?? 'application/octet-stream' },
    });
    response.set({ ETag: etag, Location: `/scans/${encodeURIComponent(name)}` });
    return { name, etag };
  }

  @Head(':name')
  @ApiOperation({ summary: 'What GET would answer, without the content' })
  @ApiResponse({ status: 200 })
  head(
    @Param() { name }: ScanName,
    @Res() response: Response,
    @OnDisconnect() abortSignal: AbortSignal,
  ): Promise<void> {
    return answerScan({ scan: this.scan(name), response, abortSignal });
  }

  @Get(':name')
  @ApiOperation({
    summary: 'Download a scan, or a range of it',
    description:
      'Decrypted as fast as the client takes it; only the regions that a range touches are fetched. Several ranges are answered ' +
      'whole, and so is a scan of protocol 1.0, whose length only decryption tells. Where a later part turns out to be changed ' +
      'the connection ends before the announced length.',
  })
  @ApiHeader({ name: 'Range', required: false, example: 'bytes=0-1023' })
  @ApiHeader({
    name: 'If-Range',
    required: false,
    description: 'An ETag or a date; the whole scan if it is another one',
  })
  @ApiHeader({ name: 'If-None-Match', required: false, description: '304 if the scan is that one' })
  @ApiHeader({ name: 'If-Match', required: false, description: '412 if the scan is another one' })
  @ApiResponse({ status: 200, content: ANY_BYTES })
  @ApiResponse({ status: 206, content: ANY_BYTES })
  @ApiResponse({ status: 304, description: 'Not modified' })
  @ApiProblems({ 404: 'No such scan', 412: 'A condition fails', 416: 'Behind the end', 500: 'It was changed', 503: '' })
  download(
    @Param() { name }: ScanName,
    @Res() response: Response,
    @OnDisconnect() abortSignal: AbortSignal,
  ): Promise<void> {
    return answerScan({ scan: this.scan(name), response, abortSignal });
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a scan' })
  @ApiHeader({ name: 'If-Match', required: false })
  @ApiProblems({ 404: 'No such scan', 412: 'A condition fails' })
  async remove(@Param() { name }: ScanName, @Headers() headers: IncomingHttpHeaders): Promise<void> {
    await this.scan(name).delete({ conditions: await this.writeConditions(name, headers) });
  }

  /** Judged before the body is read, and again by the service when the scan is written. */
  private async writeConditions(name: string, headers: IncomingHttpHeaders): Promise<WriteConditions> {
    if (!isConditional(headers)) return {};
    const current = await this.scan(name)
      .getProperties()
      .then(validatorsOf, (error: unknown) => {
        if ((error as { statusCode?: number }).statusCode === 404) return null;
        throw error;
      });
    if (judge(headers, current, 'write') === 'failed') {
      throw new PreconditionFailedException('The scan is not the one that the request names');
    }
    return current === null ? { ifNoneMatch: '*' } : { ifMatch: current.etag };
  }

  private scan(name: string): EncryptedBlockBlobClient {
    return this.scans.getBlockBlobClient(name);
  }
}
