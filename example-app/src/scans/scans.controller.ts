import {
  BadRequestException,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Query,
  Res,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  EncryptedBlobInterceptor,
  type EncryptedBlockBlobClient,
  EncryptedContainerClient,
  type EncryptedFile,
  EncryptedFileInterceptor,
  InjectEncryptedContainer,
} from 'nestjs-azure-encrypted-storage';
import { ANY_BYTES, ApiProblems } from '../http/openapi.js';
import { Traced } from '../tracing/traced.interceptor.js';
import { fileNameOf } from './file-name.js';
import { ScanForm, ScanList, ScanName, ScanPage, ScanWritten } from './scan.dto.js';

export const SCANS = 'scans';
/** In bytes. */
export const SCAN_LIMIT = 10 * 1024 ** 3;

/** Scans are blobs: streamed in and out, completely or by range, and never held in memory. */
@Traced()
@ApiTags('scans')
@Controller('scans')
export class ScansController {
  constructor(@InjectEncryptedContainer(SCANS) private readonly scans: EncryptedContainerClient) {}

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

  @Post()
  @UseInterceptors(EncryptedFileInterceptor('scan', SCANS, { maxBytes: SCAN_LIMIT, blobName: fileNameOf }))
  @ApiOperation({
    summary: 'Upload a scan',
    description:
      'The file is encrypted and streamed to storage as fast as storage accepts it. The scan appears completely or ' +
      'not at all, even if the client disconnects halfway. Its name and content type are kept.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: ScanForm })
  @ApiResponse({ status: 201, type: ScanWritten })
  @ApiProblems({
    400: 'The file is missing, or its name is not valid',
    409: 'The name is taken',
    413: '',
    503: 'Try again',
  })
  upload(@UploadedFile() scan: EncryptedFile | undefined, @Res({ passthrough: true }) response: Response): ScanWritten {
    if (scan === undefined) throw new BadRequestException('The form has no file "scan"');
    const { blobName: name, etag, size } = scan;
    response.set({ ETag: etag, Location: `/scans/${encodeURIComponent(name)}` });
    return { name, etag, size };
  }

  @Get(':name')
  @UseInterceptors(EncryptedBlobInterceptor)
  // uploaded content must not run as one of our pages, whatever its type
  @Header('Content-Security-Policy', "sandbox; default-src 'none'")
  @ApiOperation({
    summary: 'Download a scan, or a range of it',
    description:
      'Decrypted as fast as the client reads it; only the regions that a range touches are fetched. If a later part ' +
      'turns out to be changed, the connection ends before the announced length.',
  })
  @ApiHeader({ name: 'Range', required: false, example: 'bytes=0-1023' })
  @ApiHeader({ name: 'If-Range', required: false, description: 'An ETag; returns the complete scan if it differs' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: '304 if the scan still has this ETag' })
  @ApiHeader({ name: 'If-Match', required: false, description: '412 if the scan has another ETag' })
  @ApiResponse({ status: 200, content: ANY_BYTES })
  @ApiResponse({ status: 206, content: ANY_BYTES })
  @ApiResponse({ status: 304, description: 'Not modified' })
  @ApiProblems({
    404: 'No such scan',
    412: 'A condition fails',
    416: 'The range starts after the end',
    500: 'It was changed',
    503: '',
  })
  download(@Param() { name }: ScanName): EncryptedBlockBlobClient {
    return this.scans.getBlockBlobClient(name);
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a scan' })
  @ApiProblems({ 404: 'No such scan' })
  async remove(@Param() { name }: ScanName): Promise<void> {
    await this.scans.getBlockBlobClient(name).delete();
  }
}
