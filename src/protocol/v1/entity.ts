/**
 * Sealed properties of an entity. Each has an IV of its own, made of the entity's:
 *
 *     IV(name) = SHA-256(entity IV || RowKey || PartitionKey || name)[0..16)
 *
 * The old Java SDK writes PartitionKey before RowKey and is told by its library name, or by having none. The parts are not
 * separated, as in every SDK. Source: docs/formats.md, "Entities".
 */
import { cbcOpener, cbcSealer } from '../../crypto/aes-cbc.js';
import { sha256 } from '../../crypto/bytes.js';
import { runAll } from '../../crypto/byte-transform.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { BLOCK_LENGTH } from '../../crypto/aes-cbc.js';
import type { JsonFields, PropertyPlace } from '../protocol.js';

export type PropertyIv = (entityIv: Uint8Array, place: PropertyPlace) => Buffer;

export const rowKeyFirst: PropertyIv = (entityIv, { partitionKey, rowKey, name }) =>
  sha256(entityIv, rowKey, partitionKey, name).subarray(0, BLOCK_LENGTH);

export const partitionKeyFirst: PropertyIv = (entityIv, { partitionKey, rowKey, name }) =>
  sha256(entityIv, partitionKey, rowKey, name).subarray(0, BLOCK_LENGTH);

/** The order that the writer of this encryption data used. */
export function storedPropertyIv(fields: JsonFields): PropertyIv {
  const writer = fields['KeyWrappingMetadata'] as Record<string, unknown> | null | undefined;
  if (writer === undefined || writer === null) return partitionKeyFirst;
  const library = writer['EncryptionLibrary'];
  return typeof library === 'string' && library.includes('Java') ? partitionKeyFirst : rowKeyFirst;
}

export interface EntityCipher {
  readonly key: ContentKey;
  readonly entityIv: Uint8Array;
  readonly propertyIv: PropertyIv;
}

export function sealProperty(cipher: EntityCipher, place: PropertyPlace, plaintext: Uint8Array): Buffer {
  const iv = cipher.propertyIv(cipher.entityIv, place);
  return runAll(cbcSealer({ key: cipher.key, iv, padding: 'pkcs7' }), plaintext);
}

export function openProperty(cipher: EntityCipher, place: PropertyPlace, sealed: Uint8Array): Buffer {
  const iv = cipher.propertyIv(cipher.entityIv, place);
  return runAll(cbcOpener({ key: cipher.key, iv, padding: 'pkcs7' }), sealed);
}
