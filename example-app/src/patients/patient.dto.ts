/** The shapes of requests for patients: parts of the entity, with its validation rules and descriptions. */
import { ApiProperty, ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsDate,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  MaxDate,
  MaxLength,
  MinDate,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { EARLIEST, KEY, KEY_FAULT, LATEST, Patient, SSN, SSN_FAULT } from './patient.entity.js';

/** The keys come from the path. */
export class ReplacePatient extends OmitType(Patient, ['partitionKey', 'rowKey'] as const) {}

/** Omitted properties stay unchanged. */
export class ChangePatient extends PartialType(ReplacePatient, { skipNullProperties: false }) {}

export class WardKey {
  @ApiProperty({ example: 'north' })
  @Matches(KEY, KEY_FAULT)
  ward!: string;
}

/** The keys of a patient. */
export class PatientKeys extends WardKey {
  @ApiProperty({ example: '17' })
  @Matches(KEY, KEY_FAULT)
  number!: string;
}

const FIELD = '(ssn|name|diagnosis|born|room|discretion|admitted)';

export class ListPatients {
  @ApiPropertyOptional({ format: 'date-time', description: 'Only patients admitted then or later' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  @MinDate(EARLIEST)
  @MaxDate(LATEST)
  since?: Date;

  @ApiPropertyOptional({ description: 'Only these properties, separated by commas', example: 'name,admitted' })
  @IsOptional()
  @Matches(new RegExp(`^${FIELD}(,${FIELD})*$`), {
    message: '$property must be a comma-separated list of property names',
  })
  fields?: string;
}

/** Rejects a property that would be ignored because of another one. */
const Without = (other: string): PropertyDecorator =>
  ValidateBy({
    name: 'without',
    validator: {
      validate: (_, args) => (args?.object as Record<string, unknown>)[other] === undefined,
      defaultMessage: () => `$property cannot be combined with ${other}`,
    },
  });

/** By name in a ward, or by social security number in the entire clinic. */
export class FindPatients {
  @ApiPropertyOptional({ example: '078-05-1120', description: 'Without `name`' })
  @ValidateIf(({ ssn, name }: FindPatients) => ssn !== undefined || name === undefined)
  @Matches(SSN, SSN_FAULT)
  @Without('name')
  ssn?: string;

  @ApiPropertyOptional({ example: 'Jane Doe', description: 'With `ward`' })
  @ValidateIf(({ name }: FindPatients) => name !== undefined)
  @IsString()
  @IsNotEmpty()
  @MaxLength(1000)
  name?: string;

  @ApiPropertyOptional({ example: 'north' })
  @ValidateIf(({ ward, name }: FindPatients) => ward !== undefined || name !== undefined)
  @Matches(KEY, KEY_FAULT)
  @Without('ssn')
  ward?: string;
}

export class FoundPatients {
  @ApiProperty({ type: [Patient] }) patients!: readonly Patient[];
  @ApiProperty({
    description: 'The filters that the storage service received: tags, but no sealed values',
    example: ["azcse_t_ssn eq '9f1c20.5d0e…'"],
  })
  asked!: readonly string[];
}
