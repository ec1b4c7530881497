import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

/** The name of a blob: no path, nothing that needs escaping. */
export class ScanName {
  @ApiProperty({ example: 'knee-2026-03', pattern: '^\\w[\\w.-]{0,99}$' })
  @Matches(/^\w[\w.-]{0,99}$/, { message: 'name is made of letters, digits, ".", "_" and "-", up to 100' })
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
