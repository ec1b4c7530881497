/**
 * The variables that the clinic reads. Keys are checked where they are created, because an error here would quote them.
 */
import { plainToInstance, Type } from 'class-transformer';
import { IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, Min, validateSync } from 'class-validator';

export class Environment {
  @IsOptional()
  @IsNotEmpty()
  AZURE_STORAGE_CONNECTION_STRING?: string;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT = 3000;

  @Matches(/^([a-z][a-z\d]{0,19})?$/, {
    message: '$property must have up to 20 lower-case letters and digits, starting with a letter',
  })
  CLINIC_PREFIX = '';

  @IsString()
  @IsNotEmpty()
  CLINIC_KEY_ID = 'clinic:1';

  @IsOptional()
  @IsString()
  CLINIC_KEY?: string;

  @IsString()
  CLINIC_OLDER_KEYS = '';

  @IsOptional()
  @IsString()
  CLINIC_SEARCH_KEY?: string;

  @IsOptional()
  @Matches(/^https:\/\//, { message: '$property must be the id of a key in a vault, starting with https://' })
  CLINIC_VAULT_KEY?: string;
}

/** @throws an error that lists every fault, without the values */
export function checkedEnvironment(variables: Record<string, unknown>): Environment {
  const environment = plainToInstance(Environment, variables, { exposeDefaultValues: true });
  const faults = validateSync(environment, { validationError: { target: false, value: false } });
  if (faults.length === 0) return environment;
  throw new Error(faults.flatMap(({ constraints = {} }) => Object.values(constraints)).join('; '));
}
