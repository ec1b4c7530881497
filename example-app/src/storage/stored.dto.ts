import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { LETTERS } from '../letters/letters.controller.js';
import { FILE_NAME } from '../scans/file-name.js';
import { SCANS } from '../scans/scans.controller.js';

const CONTAINERS = [SCANS, LETTERS];

export class StoredBlobName {
  @ApiProperty({ enum: CONTAINERS })
  @IsIn(CONTAINERS)
  container!: string;

  @ApiProperty({ example: 'knee-2026-03' })
  @Matches(FILE_NAME)
  name!: string;
}

export class StoredPart {
  @ApiPropertyOptional({ type: 'integer', default: 0, description: 'The offset of the first byte to show' })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  offset = 0;

  @ApiPropertyOptional({ type: 'integer', default: 64, maximum: 4096 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(4096)
  count = 64;
}

export class StoredBlob {
  @ApiProperty() contentLength!: number;
  @ApiProperty() etag!: string;
  @ApiProperty() offset!: number;
  @ApiProperty({ description: 'In hexadecimal' }) bytes!: string;
  @ApiProperty({ description: 'The encryption data as stored', type: 'object', additionalProperties: true })
  encryptionData!: unknown;
}

export class StoredMessage {
  @ApiProperty() messageId!: string;
  @ApiProperty() insertedOn!: string;
  @ApiProperty({ description: 'As stored: ciphertext and encryption data' }) text!: string;
}
