/** The service's rule for the names of tables. */
import { givenName } from '../option-rules.js';

const TABLE_NAME = /^[A-Za-z][A-Za-z0-9]{2,62}$/;

/** What is wrong with the name of a table, as text that follows the place where it is given; `null` for a valid name. */
export function tableNameFault(name: unknown): string | null {
  if (typeof name !== 'string') return 'must be the name of a table';
  // the service reserves this name for its own list
  if (TABLE_NAME.test(name) && name.toLowerCase() !== 'tables') return null;
  return `${givenName(name)} cannot be the name of a table: use 3 to 63 letters and digits, beginning with a letter`;
}
