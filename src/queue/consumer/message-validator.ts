/** Validators of the content of messages: Standard Schemas (zod, valibot, arktype and others), and classes of class-validator. */
import { UnprocessableMessageError } from '../../errors/input.js';
import { notInstalled } from '../../option-rules.js';

/** The result of a Standard Schema (version 1) for a value. */
export type SchemaResult<T> =
  { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly object[] };

/** A schema of any library that implements Standard Schema, version 1: zod, valibot, arktype and others. */
export interface StandardSchema<T> {
  /** What the standard defines. */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Validates a value, at once or later. */
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

/** A Standard Schema, or a class with the decorators of class-validator. */
export type MessageValidator<T> = StandardSchema<T> | (new () => T);

/**
 * Returns the output of the validator. The error reveals nothing of the content.
 *
 * @throws `UNPROCESSABLE_MESSAGE` if the value is not valid
 */
export async function validated<T>(value: unknown, validator: MessageValidator<T>): Promise<T> {
  if ('~standard' in validator) {
    const result = await validator['~standard'].validate(value);
    if (result.issues === undefined) return result.value;
    throw misfit(result.issues.length);
  }
  return instanceOf(value, validator);
}

async function instanceOf<T>(value: unknown, type: new () => T): Promise<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit(1);
  const [{ plainToInstance }, { validate }] = await loadValidators();
  const instance = plainToInstance(type, value);
  const issues = await validate(instance as object, { forbidUnknownValues: true });
  if (issues.length > 0) throw misfit(issues.length);
  return instance;
}

const misfit = (faults: number): UnprocessableMessageError =>
  new UnprocessableMessageError(
    `The content of the message does not fit: it has ${faults} faults. Send it as the receiver expects, or change the validator`,
  );

/** Both packages are optional peers. */
const loadValidators = () =>
  Promise.all([import('class-transformer'), import('class-validator')]).catch(
    notInstalled(
      'a class as validator needs the packages class-validator and class-transformer: install them with ' +
        '"npm install class-validator class-transformer"',
    ),
  );
