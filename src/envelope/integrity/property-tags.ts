/**
 * The tags of the properties of an entity, one for each, so that a projection can check the columns that it has:
 *
 *     tag(name, how, type, value) = first 16 bytes of HMAC-SHA-256(K, enc(name) || u8 how || u8 type || enc(value))
 *     p = tags of the sealed properties, in the order of the sealed list of names
 *         || for each signed one, sorted by the bytes of its name: u16 length of name || name || tag
 *
 * Source: docs/formats.md, "Integrity entries".
 */
import type { Place } from '../../crypto/bytes.js';
import { writeStoredMac } from '../../crypto/hmac.js';
import { DecryptionError } from '../../errors/content.js';
import { SHORT_TAG_LENGTH } from './bind.js';

/** The kinds of value that a signed property may have, and the bytes that represent the value. */
export interface SignedValue {
  /** 1 string, 2 number, 3 Int64, 4 boolean, 5 date, 6 Guid, 7 bytes. */
  readonly type: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  readonly bytes: Uint8Array;
}

/** What a tag covers. */
export interface TaggedProperty {
  readonly name: string;
  readonly how: number;
  readonly type: number;
  readonly bytes: Uint8Array;
}

const SEALED = 1;
const SIGNED = 2;
const LENGTH_BYTES = 4;
const NAME_LENGTH_BYTES = 2;

/** With the ciphertext. */
export const sealedProperty = (name: string, bytes: Uint8Array): TaggedProperty => ({
  name,
  how: SEALED,
  type: 0,
  bytes,
});

export const signedProperty = (name: string, { type, bytes }: SignedValue): TaggedProperty => ({
  name,
  how: SIGNED,
  type,
  bytes,
});

/**
 * Writes the tag of a property, and returns the place after it. The input is one piece of memory: a row has many properties, and
 * separate pieces cost more than the MAC of short ones.
 */
export function writeTag(
  key: Uint8Array,
  { name, how, type, bytes }: TaggedProperty,
  { into, at: start }: Omit<Place, 'length'>,
): number {
  const nameLength = Buffer.byteLength(name, 'utf8');
  const input = Buffer.allocUnsafe(2 * LENGTH_BYTES + 2 + nameLength + bytes.length);
  let at = input.writeUInt32BE(nameLength);
  at += input.write(name, at, 'utf8');
  at = input.writeUInt8(how, at);
  at = input.writeUInt8(type, at);
  input.set(bytes, input.writeUInt32BE(bytes.length, at));
  return writeStoredMac(key, input, { into, at: start, length: SHORT_TAG_LENGTH });
}

/** The properties of an entity that have tags. */
interface CoveredProperties {
  /** Ciphertext by name, in the order of the list of sealed names. */
  readonly sealed: ReadonlyMap<string, Uint8Array>;
  readonly signed: ReadonlyMap<string, SignedValue>;
}

/** Their tags, as they are stored. */
export function formatPropertyTags(key: Uint8Array, { sealed, signed }: CoveredProperties): Buffer {
  const named = [...signed]
    .map(([name, value]) => ({ bytes: Buffer.from(name, 'utf8'), property: signedProperty(name, value) }))
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes));
  const lengthOfNames = named.reduce((sum, { bytes }) => sum + NAME_LENGTH_BYTES + bytes.length, 0);
  const into = Buffer.allocUnsafe((sealed.size + signed.size) * SHORT_TAG_LENGTH + lengthOfNames);
  let at = 0;
  for (const [name, ciphertext] of sealed) at = writeTag(key, sealedProperty(name, ciphertext), { into, at });
  for (const { bytes, property } of named) {
    at = into.writeUInt16BE(bytes.length, at);
    at += bytes.copy(into, at);
    at = writeTag(key, property, { into, at });
  }
  return into;
}

/**
 * Places of the tags of the signed properties, by name; those of the sealed ones come first, in the order of their list. Throws
 * {@link DecryptionError} for anything that {@link formatPropertyTags} does not write.
 */
export function placesOfSigned(tags: Buffer, sealedNames: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let previous: Buffer | undefined;
  let at = sealedNames.length * SHORT_TAG_LENGTH;
  if (at > tags.length) throw new DecryptionError();
  while (at < tags.length) {
    const name = nameAt(tags, at);
    if (previous !== undefined && Buffer.compare(previous, name) >= 0) throw new DecryptionError();
    const place = at + NAME_LENGTH_BYTES + name.length;
    places.set(textOf(name, sealedNames), place);
    previous = name;
    at = place + SHORT_TAG_LENGTH;
  }
  return places;
}

/** The name in front of a tag. Throws unless both are complete. */
function nameAt(tags: Buffer, at: number): Buffer {
  const from = at + NAME_LENGTH_BYTES;
  if (from > tags.length) throw new DecryptionError();
  const to = from + tags.readUInt16BE(at);
  if (to + SHORT_TAG_LENGTH > tags.length) throw new DecryptionError();
  return tags.subarray(from, to);
}

function textOf(bytes: Buffer, sealedNames: readonly string[]): string {
  const name = bytes.toString('utf8');
  const isName = Buffer.from(name, 'utf8').equals(bytes) && name.isWellFormed() && !sealedNames.includes(name);
  if (!isName) throw new DecryptionError();
  return name;
}
