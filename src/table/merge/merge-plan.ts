/** Whether a merge needs the stored row, and what it writes. */
import { requiresEncryption } from '../../envelope/encryption-policy.js';
import { integrityOf } from '../../envelope/integrity/integrity-options.js';
import type { EntityKeys, Row } from '../entity-context.js';
import { assertDeclared } from '../entity-class.js';
import { sealEntity } from '../entity-envelope.js';
import { entityModel } from '../entity-model.js';
import { assertFits } from '../entity-size.js';
import type { RowCall, TaggedVersion } from '../row-writes.js';
import { assertStorable } from '../sealed-properties.js';
import { storedValue } from '../stored-value.js';
import { encodeValue } from '../values/property-value.js';
import { valuesToSign } from '../values/signed-value.js';
import { isMissing } from '../../service-errors.js';
import { mergedRow } from './merged-row.js';
import { readStored } from './stored-entity.js';

export interface Merge extends RowCall {
  readonly patch: Row & EntityKeys;
}

/** The whole row, to replace the version that was read; `null` if the row did not exist. */
interface PlannedWrite<Before extends TaggedVersion | null> {
  readonly before: Before;
  readonly row: Row & EntityKeys;
}

/**
 * Whether the service can do the merge alone: no changed property is sealed or signed, or can affect what is. It is not known
 * what `when` reads. If plaintext is accepted, the row may first have to be encrypted.
 */
export function isClearMerge({ patch, context }: Pick<Merge, 'patch' | 'context'>): boolean {
  const { properties, signed, isProtected } = entityModel(context.entityClass);
  if (!isProtected) return true;
  if (!requiresEncryption(context.policy)) return false;
  return (
    properties.every(({ propertyKey, options }) => options.when === undefined && patch[propertyKey] === undefined) &&
    // null does not change what is stored in plaintext
    [...signed].every((name) => storedValue(patch[name]) === undefined)
  );
}

export const isUnprotected = ({ context }: Pick<Merge, 'context'>): boolean =>
  !entityModel(context.entityClass).isProtected;

/** Throws before any request, with the name, for what cannot be stored. */
export function assertMergeable({ patch, context }: Pick<Merge, 'patch' | 'context'>): void {
  assertStorable(patch);
  assertDeclared(patch, context.entityClass, context.policy);
  if (isClearMerge({ patch, context })) assertFits(patch);
  const { properties, signed } = entityModel(context.entityClass);
  if (integrityOf(context.policy) !== 'off') valuesToSign(signed, patch);
  for (const { propertyKey, options } of properties) {
    const value = patch[propertyKey];
    if (value !== undefined && options.when === undefined) encodeValue(propertyKey, value, options.type);
  }
}

export async function plannedUpdate({ table, context, patch, options }: Merge): Promise<PlannedWrite<TaggedVersion>> {
  const before = await readStored(table, patch, options);
  return { before, row: await mergedRow(before, patch, context) };
}

/** The same, or the row itself if there is none yet. */
export async function plannedUpsert(merge: Merge): Promise<PlannedWrite<TaggedVersion | null>> {
  try {
    return await plannedUpdate(merge);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return { before: null, row: await sealEntity(merge.patch, merge.context) };
  }
}
