/** The integrity tags of rows: what a write returns, and what a read found. */
import type { IntegrityTagged } from '../envelope/integrity/integrity-tag.js';

/** The integrity tags of the rows that a transaction wrote. */
export interface TaggedRows {
  /** In the order of the actions, each as {@link IntegrityTagged.integrityTag}. */
  readonly integrityTags: readonly (string | undefined)[];
}

/** Not enumerable, so that nothing stores it. The ESM and the CommonJS build share it. */
const INTEGRITY_TAG = Symbol.for('nestjs-azure-encrypted-storage/integrityTag');

/**
 * The integrity tag of an entity that was read: base64 of 32 bytes, 44 characters. It identifies the write that stored the row,
 * and equals the `integrityTag` that this write returned. A copy of the entity has none.
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

/** The same row or entity, with the tag that {@link integrityTagOf} returns. */
export function withIntegrityTag<Given extends object>(entity: Given, integrityTag: string | undefined): Given {
  return integrityTag === undefined ? entity : Object.defineProperty(entity, INTEGRITY_TAG, { value: integrityTag });
}

/** The response to the write of this sealed row. */
export const tagged = <Response extends object>(row: object, response: Response): Response & IntegrityTagged => ({
  ...response,
  integrityTag: integrityTagOf(row),
});
