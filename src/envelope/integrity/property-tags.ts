/**
 * The tags of the properties of an entity, one for each, so that a projection can check the columns that it has:
 *
 *     tag(name, how, type, value) = first 16 bytes of HMAC-SHA-256(K, enc(name) || u8 how || u8 type || enc(value))
 *     p = tags of the sealed properties, in the order of the sealed list of names
 *         || for each signed one, sorted by the bytes of its name: u16 length of name || name || tag
 *
 * Source: docs/formats.md, "Integrity entries".
 */
import { type MacKey, storedMac } from '../../crypto/hmac.js';
import { isWellFormed } from '../../encoding/utf8.js';
import { DecryptionError } from '../../errors/content.js';
import { SHORT_TAG_LENGTH } from './bind.js';

/** The kinds of value that a signed property may have, and the bytes that represent the value. */
export interface SignedValue {
  /** 1 string, 2 number, 3 Int64, 4 boolean, 5 date, 6 Guid, 7 bytes. */
  readonly type: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  readonly bytes: Uint8Array;
}

const SEALED = 1;
const SIGNED = 2;
const LENGTH_BYTES = 4;
const NAME_LENGTH_BYTES = 2;

export const sealedTag = (key: MacKey, name: string, ciphertext: Uint8Array): Buffer =>
  tagOf(key, { name, how: SEALED, type: 0, value: ciphertext });

export const signedTag = (key: MacKey, name: string, { type, bytes }: SignedValue): Buffer =>
  tagOf(key, { name, how: SIGNED, type, value: bytes });

interface TaggedProperty {
  readonly name: string;
  readonly how: number;
  readonly type: number;
  readonly value: Uint8Array;
}

/** In one piece: a row has many properties, and pieces cost more than the MAC of short ones. */
function tagOf(key: MacKey, { name, how, type, value }: TaggedProperty): Buffer {
  const nameLength = Buffer.byteLength(name, 'utf8');
  const input = Buffer.allocUnsafe(2 * LENGTH_BYTES + 2 + nameLength + value.length);
  let at = input.writeUInt32BE(nameLength);
  at += input.write(name, at, 'utf8');
  at = input.writeUInt8(how, at);
  at = input.writeUInt8(type, at);
  input.set(value, input.writeUInt32BE(value.length, at));
  return storedMac(key, input).subarray(0, SHORT_TAG_LENGTH);
}

export interface PropertyTags {
  /** In the order of the list of sealed names. */
  readonly sealed: readonly Uint8Array[];
  readonly signed: ReadonlyMap<string, Uint8Array>;
}

export function formatPropertyTags({ sealed, signed }: PropertyTags): Buffer {
  const named = [...signed]
    .map(([name, tag]) => ({ name: Buffer.from(name, 'utf8'), tag }))
    .sort((one, other) => Buffer.compare(one.name, other.name))
    .flatMap(({ name, tag }) => {
      const length = Buffer.alloc(NAME_LENGTH_BYTES);
      length.writeUInt16BE(name.length);
      return [length, name, tag];
    });
  return Buffer.concat([...sealed, ...named]);
}

/** Throws {@link DecryptionError} for anything that {@link formatPropertyTags} does not write. */
export function parsePropertyTags(bytes: Buffer, sealedNames: readonly string[]): PropertyTags {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new DecryptionError();
    at += length;
    return bytes.subarray(at - length, at);
  };
  const sealed = sealedNames.map(() => take(SHORT_TAG_LENGTH));
  const signed = new Map<string, Uint8Array>();
  let previous: Buffer | undefined;
  while (at < bytes.length) {
    const name = take(take(NAME_LENGTH_BYTES).readUInt16BE());
    if (previous !== undefined && Buffer.compare(previous, name) >= 0) throw new DecryptionError();
    signed.set(nameOf(name, sealedNames), take(SHORT_TAG_LENGTH));
    previous = name;
  }
  return { sealed, signed };
}

function nameOf(bytes: Buffer, sealedNames: readonly string[]): string {
  const name = bytes.toString('utf8');
  const isName = Buffer.from(name, 'utf8').equals(bytes) && isWellFormed(name) && !sealedNames.includes(name);
  if (!isName) throw new DecryptionError();
  return name;
}
