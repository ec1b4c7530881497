import { BadRequestException, Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IsIn, IsInt, Min } from 'class-validator';
import { EncryptedBlobService, InjectEncryptedBlobService } from 'nestjs-azure-encrypted-storage';
import { ClinicSettings } from '../configuration/clinic-settings.js';
import { ApiProblems } from '../http/openapi.js';
import { LetterName } from '../letters/letter.dto.js';
import { LETTERS } from '../letters/letters.controller.js';
import { PatientKeys } from '../patients/patient.dto.js';
import { ScanName } from '../scans/scan.dto.js';
import { SCANS } from '../scans/scans.controller.js';
import { flipByte } from './flip-byte.js';
import { type StorageRead, StorageReads } from './storage-reads.js';
import { TamperedPatients } from './tampered-patients.js';

export class PlaceOfByte {
  @ApiPropertyOptional({ type: 'integer', default: 64, description: 'The position in the stored bytes' })
  @IsInt()
  @Min(0)
  offset = 64;
}

export class ByteFlipped {
  @ApiProperty() offset!: number;
  @ApiProperty({ example: 'a3' }) before!: string;
  @ApiProperty({ example: 'a2' }) after!: string;
}

const PROPERTIES = ['name', 'ssn', 'diagnosis', 'born', 'room', 'admitted'];

export class PropertyToFlip {
  @ApiProperty({ enum: PROPERTIES, description: 'A sealed or signed property' })
  @IsIn(PROPERTIES)
  property!: string;
}

export class PropertyFlipped {
  @ApiProperty() property!: string;
  @ApiProperty({ description: 'The first byte in hexadecimal, or the text' }) before!: string;
  @ApiProperty() after!: string;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/**
 * For demonstration only: tampers with the application's own storage, and shows what it fetched. Only with the embedded
 * emulator.
 */
@ApiTags('demonstration')
@Controller('demonstration')
export class DemonstrationController {
  constructor(
    @InjectEncryptedBlobService() private readonly blobs: EncryptedBlobService,
    private readonly patients: TamperedPatients,
    private readonly reads: StorageReads,
    private readonly settings: ClinicSettings,
  ) {}

  @Post('scans/:name/flip-byte')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change one byte of a stored scan behind the back of the application',
    description: 'Reading it then fails with `DECRYPTION_FAILED`. Repeat the call to restore the byte.',
  })
  @ApiResponse({ status: 200, type: ByteFlipped })
  @ApiProblems({ 400: 'The scan has no such byte', 404: 'No such scan' })
  async flip(@Param() { name }: ScanName, @Body() { offset }: PlaceOfByte): Promise<ByteFlipped> {
    return this.flipOf(SCANS, name, offset);
  }

  @Post('letters/:name/flip-byte')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change one byte of a stored letter in protocol 1.0',
    description: 'Its integrity entries reveal the change, so reading it fails. Repeat the call to restore the byte.',
  })
  @ApiResponse({ status: 200, type: ByteFlipped })
  @ApiProblems({ 400: 'The letter has no such byte', 404: 'No such letter' })
  async flipLetter(@Param() { name }: LetterName, @Body() { offset }: PlaceOfByte): Promise<ByteFlipped> {
    return this.flipOf(LETTERS, name, offset);
  }

  @Post('patients/:ward/:number/flip-byte')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Change one byte of a stored property of a patient',
    description: 'Reading the patient then fails. Repeat the call to restore the byte.',
  })
  @ApiResponse({ status: 200, type: PropertyFlipped })
  @ApiProblems({ 400: 'The row has no such property', 404: 'No such patient' })
  async flipProperty(
    @Param() { ward, number }: PatientKeys,
    @Body() { property }: PropertyToFlip,
  ): Promise<PropertyFlipped> {
    return { property, ...(await this.patients.flip(ward, number, property)) };
  }

  @Post('patients/:ward/:number/replace-as-older-program')
  @HttpCode(204)
  @ApiOperation({ summary: 'Store a patient like a program that writes no integrity entries' })
  @ApiProblems({ 404: 'No such patient' })
  async replaceAsOlderProgram(@Param() { ward, number }: PatientKeys): Promise<void> {
    await this.patients.replaceAsOlderProgram(ward, number);
  }

  @Get('patients/:ward/:number/required')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Read a patient with `integrity: "require"`',
    description: 'A row without integrity entries is rejected with `INTEGRITY_MISSING`.',
  })
  @ApiProblems({ 404: 'No such patient' })
  async required(@Param() { ward, number }: PatientKeys): Promise<void> {
    await this.patients.required(ward, number);
  }

  @Get('reads')
  @ApiOperation({ summary: 'The last requests for scans, and the ciphertext that the application fetched for each' })
  list(): readonly StorageRead[] {
    return this.reads.all;
  }

  private async flipOf(container: string, name: string, offset: number): Promise<ByteFlipped> {
    const blob = this.blobs
      .getContainerClient(this.settings.nameOf(container))
      .getBlockBlobClient(name).unencryptedClient;
    const { contentLength = 0 } = await blob.getProperties();
    if (offset >= contentLength) throw new BadRequestException(`The service stores ${contentLength} bytes of it`);
    const { before, after } = await flipByte(blob, offset);
    return { offset, before: hex(before), after: hex(after) };
  }
}
