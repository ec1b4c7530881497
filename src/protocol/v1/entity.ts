/**
 * Sealed properties of an entity. Each has its own IV, derived from that of the entity:
 *
 *     IV(name) = SHA-256(entity IV || RowKey || PartitionKey || name)[0..16)
 *
 * The old Java SDK writes PartitionKey before RowKey. It is recognized by its library name, or by a missing one. The parts are
 * not separated, in every SDK. Source: docs/formats.md, "Entities".
 */
import { BLOCK_LENGTH } from '../../crypto/aes-cbc.js';
import { sha256 } from '../../crypto/bytes.js';
import { ManyOpener, sealMany } from '../../crypto/cbc-many.js';
import type { ContentKey } from '../../crypto/content-key.js';
import type { PropertyContent, PropertyPlace, ReadField } from '../protocol.js';

export type PropertyIv = (entityIv: Uint8Array, place: PropertyPlace) => Buffer;

export const rowKeyFirst: PropertyIv = (entityIv, { partitionKey, rowKey, name }) =>
  sha256(entityIv, rowKey, partitionKey, name).subarray(0, BLOCK_LENGTH);

export const partitionKeyFirst: PropertyIv = (entityIv, { partitionKey, rowKey, name }) =>
  sha256(entityIv, partitionKey, rowKey, name).subarray(0, BLOCK_LENGTH);

/** The order that the writer of this encryption data used. */
export function storedPropertyIv(field: ReadField): PropertyIv {
  if ((field('KeyWrappingMetadata') ?? null) === null) return partitionKeyFirst;
  const library = field('KeyWrappingMetadata', 'EncryptionLibrary');
  return typeof library === 'string' && library.includes('Java') ? partitionKeyFirst : rowKeyFirst;
}

export interface EntityParameters {
  readonly key: ContentKey;
  readonly entityIv: Uint8Array;
  readonly propertyIv: PropertyIv;
}

/** Seals properties, each under its own IV. */
export function sealProperties(entity: EntityParameters, properties: readonly PropertyContent[]): Buffer[] {
  const contents = properties.map(({ place, plaintext }) => ({
    iv: entity.propertyIv(entity.entityIv, place),
    plaintext,
  }));
  return sealMany(entity.key, contents);
}

export type PropertyOpener = (place: PropertyPlace, sealed: Uint8Array) => Buffer;

/** Opens properties of one entity one by one. */
export function propertyOpener(entity: EntityParameters): PropertyOpener {
  const opener = new ManyOpener(entity.key);
  return (place, sealed) => opener.open(entity.propertyIv(entity.entityIv, place), sealed);
}
