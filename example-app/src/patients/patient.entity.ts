import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsDate,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  MaxDate,
  MaxLength,
  MinDate,
  ValidateIf,
} from 'class-validator';
import { Encrypt, EncryptedEntity, Filterable, Searchable, Sign } from 'nestjs-azure-encrypted-storage';

export const PATIENTS = 'patients';
/** The characters that the service accepts in a key: no separators and no control characters. */
export const KEY = /^[^/\\#?%\p{Cc}]{1,100}$/u;
export const KEY_FAULT = { message: '$property must have 1 to 100 characters, except / \\ # ? %' };
export const SSN = /^\d{3}-\d{2}-\d{4}$/;
export const SSN_FAULT = { message: '$property must be a social security number, such as 078-05-1120' };

/** The dates that the service stores and compares. */
export const EARLIEST = new Date('1601-01-01T00:00:00Z');
export const LATEST = new Date('9999-12-31T23:59:59.999Z');

/** Can be omitted, but must not be `null`. */
const MayBeAbsent = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/**
 * A patient of a ward: one class defines what is stored, what requests must contain, and what the HTTP API describes.
 * The ward and the number are keys and stay in plaintext, like the admission date, which is signed.
 */
@EncryptedEntity<Patient>({ table: PATIENTS, clear: ['discretion'] })
export class Patient {
  /** The properties that listings can be filtered by. */
  [Filterable]?: 'admitted' | 'discretion';
  /** The sealed properties that are found by their tags. */
  [Searchable]?: 'ssn' | 'name';

  @ApiProperty({ description: 'The ward', example: 'north' })
  @Matches(KEY, KEY_FAULT)
  partitionKey!: string;

  @ApiProperty({ description: 'The number of the patient', example: '17' })
  @Matches(KEY, KEY_FAULT)
  rowKey!: string;

  /**
   * Searchable in the entire clinic. Equal numbers have equal tags, which storage reveals; numbers need not be unique
   * here.
   */
  @ApiPropertyOptional({ description: 'Social security number', example: '078-05-1120' })
  @MayBeAbsent()
  @Matches(SSN, SSN_FAULT)
  @Encrypt({ searchable: { scope: 'table' } })
  ssn?: string;

  /** Searchable in a ward, regardless of case and spaces. Tags reveal which patients of a ward have the same name. */
  @ApiProperty({ example: 'Jane Doe' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1000)
  @Encrypt({ searchable: { normalize: 'text' } })
  name!: string;

  @ApiProperty({ example: 'flu' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(10_000)
  @Encrypt()
  diagnosis!: string;

  /** `null` if unknown, which storage does reveal. */
  @ApiPropertyOptional({ type: 'string', format: 'date-time', nullable: true, example: '1980-05-06T00:00:00.000Z' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  @Encrypt({ type: 'date' })
  born?: Date | null;

  /** Encrypted for patients who asked for discretion. */
  @ApiPropertyOptional({ example: '5' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  @Encrypt<Patient>({ when: (patient) => patient.discretion })
  room?: string;

  @ApiPropertyOptional({ default: false, description: 'Whether the room is encrypted too' })
  @MayBeAbsent()
  @IsBoolean()
  discretion!: boolean;

  /** In plaintext, so that listings can be filtered by it; signed, so that changes by others are detected. */
  @ApiPropertyOptional({ type: 'string', format: 'date-time', description: 'Now by default' })
  @MayBeAbsent()
  @Type(() => Date)
  @IsDate()
  @MinDate(EARLIEST)
  @MaxDate(LATEST)
  @Sign()
  admitted!: Date;
}
