/** How a test reaches the emulator of this run, and names that no other test uses. */
import { randomBytes } from 'node:crypto';

/** Connection string of the emulator that jest's global setup started: blobs, queues and tables in one account. */
export function connectionString(): string {
  const value = process.env.AZURITE_CONNECTION_STRING;
  if (value === undefined || value === '') {
    throw new Error('No emulator: run this test by jest, from a folder that is not storage-free in global-setup.mjs');
  }
  return value;
}

/** A fresh name, valid for a container and for a queue. `prefix`: lower-case letters, digits and single hyphens. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** A fresh name, valid for a table. `prefix`: letters and digits, a letter first. */
export function uniqueTableName(prefix: string): string {
  return `${prefix}${randomBytes(6).toString('hex')}`;
}
