/** In upper case, as variables usually are: a key in base64 is not. */
const NAME = /^[A-Z_][A-Z0-9_]*$/;

/** Says that an environment variable is missing. A shell may have put the key itself in the place of its name, and output is kept in logs. */
export const missingVariable = (name: string): string =>
  NAME.test(name)
    ? `there is no environment variable ${name}`
    : 'there is no such environment variable: give its name, not its value';
