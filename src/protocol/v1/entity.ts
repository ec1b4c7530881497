/**
 * Sealed properties of an entity. Each has its own IV, derived from that of the entity:
 *
 *     IV(name) = SHA-256(entity IV || RowKey || PartitionKey || name)[0..16)
 *
 * The old Java SDK writes PartitionKey before RowKey. The parts are not separated, in every SDK. Source: docs/formats.md,
 * "Entities".
 */
import { BLOCK_LENGTH } from '../../crypto/aes-cbc.js';
import { writeSha256 } from '../../crypto/bytes.js';
import { ManyOpener, sealMany } from '../../crypto/cbc-many.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { type EntityPlace, isOldJava, type PropertyContent, type ReadField, type SealedProperty } from '../protocol.js';

/** Maximum number of bytes for a character of a string. */
const MOST_BYTES = 3;

/** The keys of an entity in the order in which an IV is derived from them. */
type KeyOrder = (place: EntityPlace) => readonly [first: string, second: string];

export const rowKeyFirst: KeyOrder = ({ partitionKey, rowKey }) => [rowKey, partitionKey];

export const partitionKeyFirst: KeyOrder = ({ partitionKey, rowKey }) => [partitionKey, rowKey];

/** The order that the writer of this encryption data used. */
export const storedKeyOrder = (field: ReadField): KeyOrder => (isOldJava(field) ? partitionKeyFirst : rowKeyFirst);

interface EntityParameters {
  readonly key: ContentKey;
  readonly entityIv: Uint8Array;
  readonly keyOrder: KeyOrder;
}

export function sealProperties(
  parameters: EntityParameters,
  place: EntityPlace,
  properties: readonly PropertyContent[],
): Buffer[] {
  const plaintexts = properties.map(({ plaintext }) => plaintext);
  return sealMany(parameters.key, plaintexts, ivsOf(parameters, place, properties));
}

export type PropertiesOpener = (place: EntityPlace, properties: readonly SealedProperty[]) => Buffer[];

/** Opens properties of one entity, in one step or in several. */
export function propertiesOpener(parameters: EntityParameters): PropertiesOpener {
  const opener = new ManyOpener(parameters.key);
  return (place, properties) => {
    const sealed = properties.map((property) => property.sealed);
    return opener.open(sealed, ivsOf(parameters, place, properties));
  };
}

/** The IVs of these properties, one after another. */
function ivsOf(
  { entityIv, keyOrder }: EntityParameters,
  place: EntityPlace,
  properties: readonly { readonly name: string }[],
): Buffer {
  const [first, second] = keyOrder(place);
  let longest = 0;
  for (const { name } of properties) longest = Math.max(longest, name.length);
  const input = Buffer.allocUnsafe(entityIv.length + (first.length + second.length + longest) * MOST_BYTES);
  input.set(entityIv);
  let start = entityIv.length + input.write(first, entityIv.length, 'utf8');
  start += input.write(second, start, 'utf8');
  const into = Buffer.allocUnsafe(properties.length * BLOCK_LENGTH);
  let at = 0;
  for (const { name } of properties) {
    const end = start + input.write(name, start, 'utf8');
    at = writeSha256(input.subarray(0, end), { into, at, length: BLOCK_LENGTH });
  }
  return into;
}
