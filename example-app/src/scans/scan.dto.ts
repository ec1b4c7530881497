import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { FILE_NAME, FILE_NAME_FAULT } from './file-name.js';

/** Created by the service, which repeats it in XML. An empty marker would not name a position. */
const PAGE_MARK = /^[^\p{Cc}\p{Cs}\ufffe\uffff]{1,2000}$/u;

export class ScanForm {
  @ApiProperty({ type: 'string', format: 'binary' }) scan!: unknown;
}

export class ScanName {
  @ApiProperty({ example: 'Knee (left) 2026.png', maxLength: 200 })
  @Matches(FILE_NAME, { message: FILE_NAME_FAULT })
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

  @ApiPropertyOptional({ description: '`next` of the previous page' })
  @IsOptional()
  @Matches(PAGE_MARK, { message: '$property must be "next" of the previous page' })
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
  @ApiPropertyOptional({ description: 'Where the next page starts; absent on the last page' }) next?: string;
}

export class ScanWritten {
  @ApiProperty() name!: string;
  @ApiProperty({ description: 'Bytes of the content' }) size!: number;
  @ApiProperty({ example: '"0x8DC0FFEE"' }) etag!: string;
}
