/** The integrity tags of rows: what a write returns, and what a read found. */
import { type IntegrityTagged, integrityTagIn } from '../envelope/integrity/integrity-tag.js';
import { parseEncryptionData } from '../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY } from '../wire/entity-metadata.js';
import type { Row } from './entity-context.js';

/** The integrity tags of the rows that a transaction wrote. */
export interface TaggedRows {
  /** In the order of the actions, each as {@link IntegrityTagged.integrityTag}. */
  readonly integrityTags: readonly (string | undefined)[];
}

/** Not enumerable, so that nothing stores it. The ESM and the CommonJS build share it. */
const INTEGRITY_TAG = Symbol.for('nestjs-azure-encrypted-storage/integrityTag');

/**
 * The integrity tag of an entity that was read: base64 of 32 bytes, 44 characters. It names the write that stored the row, and equals
 * the `integrityTag` that this write returned. A copy of the entity has none.
 *
 * @returns `undefined` for rows without integrity entries, and while `integrity` is `'off'`
 *
 * @example
 * ```ts
 * import { type EncryptedTableClient, integrityTagOf } from 'nestjs-azure-encrypted-storage';
 *
 * export async function tagOf<T extends object>(table: EncryptedTableClient<T>, ward: string, id: string): Promise<string | undefined> {
 *   return integrityTagOf(await table.getEntity(ward, id)); // keep it in your own database
 * }
 * ```
 */
export const integrityTagOf = (entity: object): string | undefined =>
  (entity as { readonly [INTEGRITY_TAG]?: string })[INTEGRITY_TAG];

export function withIntegrityTag(entity: object, integrityTag: string | undefined): object {
  return integrityTag === undefined ? entity : Object.defineProperty(entity, INTEGRITY_TAG, { value: integrityTag });
}

/** The response to the write of this row. */
export const tagged = <Response extends object>(row: Row, response: Response): Response & IntegrityTagged => ({
  ...response,
  integrityTag: sentIntegrityTag(row),
});

/** The tag of a row as it is sent. */
export function sentIntegrityTag(row: Row): string | undefined {
  const text = row[ENCRYPTION_DATA_PROPERTY];
  return typeof text === 'string' ? integrityTagIn(parseEncryptionData(text).additions) : undefined;
}
