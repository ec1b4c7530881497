import { BadRequestException, Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IsInt, Min } from 'class-validator';
import { EncryptedBlobService, InjectEncryptedBlobService } from 'nestjs-azure-encrypted-storage';
import { ApiProblems } from '../http/openapi.js';
import { ScanName } from '../scans/scan.dto.js';
import { SCANS } from '../scans/scans.controller.js';
import { flipByte } from './flip-byte.js';
import { type StorageRead, StorageReads } from './storage-reads.js';

export class PlaceOfByte {
  @ApiPropertyOptional({ type: 'integer', default: 64, description: 'In the stored bytes' })
  @IsInt()
  @Min(0)
  offset = 64;
}

export class ByteFlipped {
  @ApiProperty() offset!: number;
  @ApiProperty({ example: 'a3' }) before!: string;
  @ApiProperty({ example: 'a2' }) after!: string;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** What no real application has: it tampers with its own storage, and tells what it fetched. On the embedded emulator only. */
@ApiTags('demonstration')
@Controller('demonstration')
export class DemonstrationController {
  constructor(
    @InjectEncryptedBlobService() private readonly blobs: EncryptedBlobService,
    private readonly reads: StorageReads,
  ) {}

  @Post('scans/:name/flip-byte')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change one byte of a stored scan behind the back of the application',
    description: 'Reading it is refused from then on with `DECRYPTION_FAILED`. The same call again puts the byte back.',
  })
  @ApiResponse({ status: 200, type: ByteFlipped })
  @ApiProblems({ 400: 'The scan has no such byte', 404: 'No such scan' })
  async flip(@Param() { name }: ScanName, @Body() { offset }: PlaceOfByte): Promise<ByteFlipped> {
    const blob = this.blobs.getContainerClient(SCANS).getBlockBlobClient(name).unencryptedClient;
    const { contentLength = 0 } = await blob.getProperties();
    if (offset >= contentLength) throw new BadRequestException(`The service stores ${contentLength} bytes of it`);
    const { before, after } = await flipByte(blob, offset);
    return { offset, before: hex(before), after: hex(after) };
  }

  @Get('reads')
  @ApiOperation({ summary: 'The last requests for scans, and the ciphertext that each made the application fetch' })
  list(): readonly StorageRead[] {
    return this.reads.all;
  }
}
