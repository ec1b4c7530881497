import { parseArgs, type ParseArgsConfig } from 'node:util';
import { InvalidOptionsError } from '../errors/input.js';

/** Options and other words of a command line. Throws `INVALID_OPTIONS` for an option that is not in the table, or lacks its value. */
export function parsed<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new InvalidOptionsError([(error as Error).message]);
  }
}
