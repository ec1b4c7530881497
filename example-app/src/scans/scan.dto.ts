import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

/** A file name, kept as it is; percent-encoded in the path. The service does not keep a dot at the end. */
export const SCAN_NAME = /^[^/\\\p{Cc}\p{Cs}]{0,199}[^/\\.\p{Cc}\p{Cs}]$/u;

export class ScanName {
  @ApiProperty({ example: 'Knee (left) 2026.png', maxLength: 200 })
  @Matches(SCAN_NAME, { message: 'name has 1 to 200 characters, none of / and \\, and does not end with a dot' })
  name!: string;
}

export class ScanPage {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 50;

  @ApiPropertyOptional({ description: '`next` of the page before' })
  @IsOptional()
  @IsString()
  after?: string;
}

export class ScanSummary {
  @ApiProperty() name!: string;
  @ApiProperty() contentType!: string;
  @ApiProperty({ description: 'Bytes that the service stores; the content itself is a little shorter' })
  storedBytes!: number;
  @ApiProperty() lastModified!: string;
}

export class ScanList {
  @ApiProperty({ type: [ScanSummary] }) scans!: ScanSummary[];
  @ApiPropertyOptional({ description: 'Where the next page begins; absent on the last' }) next?: string;
}

export class ScanWritten {
  @ApiProperty() name!: string;
  @ApiProperty({ example: '"0x8DC0FFEE"' }) etag!: string;
}
