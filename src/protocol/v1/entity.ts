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
import type { PropertyContent, PropertyPlace, ReadField, SealedProperty } from '../protocol.js';

/** The keys of an entity in the order in which an IV is derived from them. */
export type KeyOrder = (place: PropertyPlace) => readonly [first: string, second: string];

export const rowKeyFirst: KeyOrder = ({ partitionKey, rowKey }) => [rowKey, partitionKey];

export const partitionKeyFirst: KeyOrder = ({ partitionKey, rowKey }) => [partitionKey, rowKey];

/** The order that the writer of this encryption data used. */
export function storedKeyOrder(field: ReadField): KeyOrder {
  if ((field('KeyWrappingMetadata') ?? null) === null) return partitionKeyFirst;
  const library = field('KeyWrappingMetadata', 'EncryptionLibrary');
  return typeof library === 'string' && library.includes('Java') ? partitionKeyFirst : rowKeyFirst;
}

export interface EntityParameters {
  readonly key: ContentKey;
  readonly entityIv: Uint8Array;
  readonly keyOrder: KeyOrder;
}

/** Seals properties, each under its own IV. */
export function sealProperties(entity: EntityParameters, properties: readonly PropertyContent[]): Buffer[] {
  const ivs = new PropertyIvs(entity);
  return sealMany(
    entity.key,
    properties.map(({ place, plaintext }) => ({ iv: ivs.of(place), plaintext })),
  );
}

export type PropertiesOpener = (properties: readonly SealedProperty[]) => Buffer[];

/** Opens properties of one entity, in one step or in several. */
export function propertiesOpener(entity: EntityParameters): PropertiesOpener {
  const opener = new ManyOpener(entity.key);
  const ivs = new PropertyIvs(entity);
  return (properties) => opener.open(properties.map(({ place, sealed }) => ({ iv: ivs.of(place), sealed })));
}

/** Derives IVs. What precedes the name is the same for all properties of an entity, so it is put together once. */
class PropertyIvs {
  private prefix: { readonly keys: readonly [string, string]; readonly bytes: Buffer } | undefined;

  constructor(private readonly entity: EntityParameters) {}

  of(place: PropertyPlace): Buffer {
    return sha256(Buffer.concat([this.prefixOf(place), Buffer.from(place.name, 'utf8')])).subarray(0, BLOCK_LENGTH);
  }

  private prefixOf(place: PropertyPlace): Buffer {
    const [first, second] = this.entity.keyOrder(place);
    if (this.prefix?.keys[0] !== first || this.prefix.keys[1] !== second) {
      const bytes = Buffer.concat([this.entity.entityIv, Buffer.from(first, 'utf8'), Buffer.from(second, 'utf8')]);
      this.prefix = { keys: [first, second], bytes };
    }
    return this.prefix.bytes;
  }
}
