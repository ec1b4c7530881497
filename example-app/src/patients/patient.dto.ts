/** What requests for patients look like: parts of the entity, which bring its rules and its description along. */
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

/** What is left out stays as it is. */
export class ChangePatient extends PartialType(ReplacePatient, { skipNullProperties: false }) {}

export class WardKey {
  @ApiProperty({ example: 'north' })
  @Matches(KEY, KEY_FAULT)
  ward!: string;
}

/** Where a patient is kept. */
export class PatientKeys extends WardKey {
  @ApiProperty({ example: '17' })
  @Matches(KEY, KEY_FAULT)
  number!: string;
}

const FIELD = '(ssn|name|diagnosis|born|room|discretion|admitted)';

export class ListPatients {
  @ApiPropertyOptional({ format: 'date-time', description: 'Only those who were admitted then or later' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  @MinDate(EARLIEST)
  @MaxDate(LATEST)
  since?: Date;

  @ApiPropertyOptional({ description: 'Only these properties, separated by commas', example: 'name,admitted' })
  @IsOptional()
  @Matches(new RegExp(`^${FIELD}(,${FIELD})*$`), {
    message: '$property has names of properties, separated by commas',
  })
  fields?: string;
}

/** Rejects a property that would be ignored next to another one. */
const Without = (other: string): PropertyDecorator =>
  ValidateBy({
    name: 'without',
    validator: {
      validate: (_, args) => (args?.object as Record<string, unknown>)[other] === undefined,
      defaultMessage: () => `$property is sent without ${other}`,
    },
  });

/** By name in a ward, or by social security number in the whole clinic. */
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
    description: 'The filters as the storage service got them: tags, and nothing that was sealed',
    example: ["azcse_t_ssn eq '9f1c20.5d0e…'"],
  })
  asked!: readonly string[];
}
