import { ApiProperty, ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import { IsBoolean, IsISO8601, IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** What the service takes for a key: none of its separators, no control characters. */
const KEY = /^[^/\\#?%\p{Cc}]{1,100}$/u;
const KEY_FAULT = { message: '$property has 1 to 100 characters, none of / \\ # ? %' };

/** Where a patient is kept. */
export class PatientKeys {
  @ApiProperty({ example: 'north' })
  @Matches(KEY, KEY_FAULT)
  ward!: string;

  @ApiProperty({ example: '17' })
  @Matches(KEY, KEY_FAULT)
  number!: string;
}

export class WardKey {
  @ApiProperty({ example: 'north' })
  @Matches(KEY, KEY_FAULT)
  ward!: string;
}

export class AdmitPatient {
  @ApiProperty({ description: 'The ward', example: 'north' })
  @Matches(KEY, KEY_FAULT)
  partitionKey!: string;

  @ApiProperty({ description: 'The number of the patient', example: '17' })
  @Matches(KEY, KEY_FAULT)
  rowKey!: string;

  @ApiProperty({ example: 'Jane Doe' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1000)
  name!: string;

  @ApiProperty({ example: 'flu' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(10_000)
  diagnosis!: string;

  @ApiPropertyOptional({ format: 'date-time', nullable: true, example: '1980-05-06T00:00:00.000Z' })
  @IsOptional()
  @IsISO8601()
  born?: string | null;

  @ApiPropertyOptional({ example: '5' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  room?: string;

  @ApiPropertyOptional({ default: false, description: 'Whether the room is encrypted too' })
  @IsOptional()
  @IsBoolean()
  discretion?: boolean;

  @ApiPropertyOptional({ format: 'date-time', description: 'Now unless it is given' })
  @IsOptional()
  @IsISO8601()
  admitted?: string;
}

export class ReplacePatient extends OmitType(AdmitPatient, ['partitionKey', 'rowKey'] as const) {}

/** What is left out stays as it is. */
export class ChangePatient extends PartialType(ReplacePatient, { skipNullProperties: false }) {}

export class ListPatients {
  @ApiPropertyOptional({ format: 'date-time', description: 'Only those who were admitted then or later' })
  @IsOptional()
  @IsISO8601()
  since?: string;

  @ApiPropertyOptional({ description: 'Only these properties, separated by commas', example: 'name,admitted' })
  @IsOptional()
  @Matches(/^(name|diagnosis|born|room|discretion|admitted)(,(name|diagnosis|born|room|discretion|admitted))*$/, {
    message: '$property has names of properties, separated by commas',
  })
  fields?: string;
}
