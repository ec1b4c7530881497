/** Access to the emulator of this run, and names that no other test uses. */
import { createHash, randomBytes } from 'node:crypto';
import { relative } from 'node:path';

/** The connection string of the emulator that jest's global setup started, with a separate account for the suite. */
export function connectionString(): string {
  const value = process.env.AZURITE_CONNECTION_STRING;
  if (value === undefined || value === '') {
    throw new Error('No emulator: run this test with jest, from a folder that is not storage-free in global-setup.mjs');
  }
  const account = accountOfSuite();
  return account === undefined ? value : value.replaceAll('devstoreaccount1', account);
}

/** The same in every run. Undefined for an emulator that was already running. */
export function accountOfSuite(): string | undefined {
  const accounts = process.env.SUITE_ACCOUNTS?.split(' ') ?? [];
  const suite = relative(process.cwd(), expect.getState().testPath ?? '');
  const hash = createHash('sha256').update(suite);
  return accounts[hash.digest().readUInt32BE() % accounts.length];
}

/** A fresh name, valid for a container and for a queue. `prefix`: lower-case letters, digits and single hyphens. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** A fresh name, valid for a table. `prefix`: letters and digits, a letter first. */
export function uniqueTableName(prefix: string): string {
  return `${prefix}${randomBytes(6).toString('hex')}`;
}
