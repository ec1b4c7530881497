/**
 * The encryption data: the JSON that is stored with every ciphertext.
 *
 *     { "EncryptionMode":"FullBlob",                                  blobs only
 *       "WrappedContentKey":{"KeyId","EncryptedKey","Algorithm"},
 *       "EncryptionAgent":{"Protocol","EncryptionAlgorithm"},
 *       members of the protocol version,
 *       "KeyWrappingMetadata":{"EncryptionLibrary", additions} }
 *
 * Written in this order, without white space and with no other members, because some readers fail on unknown ones. Only
 * `KeyWrappingMetadata`, a map from text to text, may have additions, which every reader ignores. Read in any order and letter
 * case. Each protocol version reads and checks its own members by name. Source: docs/formats.md, "Encryption data".
 */
import { decodeBase64 } from '../encoding/base64.js';
import { InvalidEncryptionDataError } from '../errors/content.js';
import { LIBRARY_NAME } from '../version.js';
import { fieldReader, isObject, type JsonObject, member, parseObject, quoted, toAsciiJson } from './json.js';

/** The stored form of the content key. */
export interface StoredWrappedKey {
  readonly keyId: string;
  readonly algorithm: string;
  readonly encryptedKey: Uint8Array;
}

/** The members that every version has. */
interface AnyEncryptionData {
  readonly wrappedKey: StoredWrappedKey;
  readonly protocol: string;
  readonly algorithm: string;
}

export interface NewEncryptionData extends AnyEncryptionData {
  /** The members that the protocol version adds. */
  readonly fields: JsonObject;
  /** Entries of `KeyWrappingMetadata` other than the library name. */
  readonly additions: ReadonlyMap<string, string>;
}

/** Encryption data as it is stored. */
export interface EncryptionData extends AnyEncryptionData {
  /** The member at that path, in any letter case, for the protocol version to check. */
  readonly field: (...path: readonly string[]) => unknown;
  /** Entries of `KeyWrappingMetadata` other than the library name. Their values have not been checked. */
  readonly additions: ReadonlyMap<string, unknown>;
  /** The text with another wrapped key. Every other member stays as its writer stored it. */
  readonly rewrapped: (wrappedKey: StoredWrappedKey) => string;
}

/** Where the encryption data is stored. Only blobs have `EncryptionMode`. */
export type EncryptionDataPlace = 'blob' | 'message' | 'entity';

/** Throws {@link InvalidEncryptionDataError} if the text is not encryption data. */
export function parseEncryptionData(text: string): EncryptionData {
  const root = parseObject(text);
  if (root === null) throw new InvalidEncryptionDataError('it is not a JSON object');
  return readEncryptionData(root);
}

/** The same for parsed JSON, such as part of a queue message. */
export function readEncryptionData(root: JsonObject): EncryptionData {
  const wrapped = objectMember(root, 'WrappedContentKey');
  const agent = objectMember(root, 'EncryptionAgent');
  return {
    wrappedKey: {
      keyId: textMember(wrapped, 'KeyId'),
      algorithm: textMember(wrapped, 'Algorithm'),
      encryptedKey: base64Member(wrapped, 'EncryptedKey'),
    },
    protocol: textMember(agent, 'Protocol'),
    algorithm: textMember(agent, 'EncryptionAlgorithm'),
    field: fieldReader(root),
    additions: additionsIn(member(root, 'KeyWrappingMetadata')),
    rewrapped: (wrappedKey) => rewrappedText(root, wrappedKey),
  };
}

/** How a reader will see the members that the protocol version adds, and the library name, which some versions check. */
export function readerOf({ fields }: Pick<NewEncryptionData, 'fields'>): EncryptionData['field'] {
  const field = fieldReader(fields);
  return (...path) => field(...path) ?? LIBRARY(...path);
}

const LIBRARY = fieldReader({ KeyWrappingMetadata: { EncryptionLibrary: LIBRARY_NAME } });

/** Concatenated by hand, which takes a third of the time of an object and its JSON. */
export function formatEncryptionData(data: NewEncryptionData, place: EncryptionDataPlace): string {
  const { keyId, algorithm, encryptedKey } = data.wrappedKey;
  let text =
    place === 'blob' ? '{"EncryptionMode":"FullBlob","WrappedContentKey":{"KeyId":' : '{"WrappedContentKey":{"KeyId":';
  text += `${quoted(keyId)},"EncryptedKey":"${Buffer.from(encryptedKey).toString('base64')}"`;
  text += `,"Algorithm":${quoted(algorithm)}},"EncryptionAgent":{"Protocol":${quoted(data.protocol)}`;
  text += `,"EncryptionAlgorithm":${quoted(data.algorithm)}}`;
  for (const [name, value] of Object.entries(data.fields)) text += `,${quoted(name)}:${toAsciiJson(value)}`;
  text += `,"KeyWrappingMetadata":{"EncryptionLibrary":"${LIBRARY_NAME}"`;
  for (const [name, value] of data.additions) text += `,${quoted(name)}:${quoted(value)}`;
  return `${text}}}`;
}

function rewrappedText(root: JsonObject, { keyId, algorithm, encryptedKey }: StoredWrappedKey): string {
  const base64 = Buffer.from(encryptedKey).toString('base64');
  const wrapped = { KeyId: keyId, EncryptedKey: base64, Algorithm: algorithm };
  const isWrapped = (name: string): boolean => name.toLowerCase() === 'wrappedcontentkey';
  const entries = Object.entries(root).map(([name, value]) => [name, isWrapped(name) ? wrapped : value]);
  return toAsciiJson(Object.fromEntries(entries));
}

function objectMember(object: JsonObject, name: string): JsonObject {
  const value = member(object, name);
  if (!isObject(value)) throw new InvalidEncryptionDataError(`${name} is missing`);
  return value;
}

function textMember(object: JsonObject, name: string): string {
  const value = member(object, name);
  if (typeof value !== 'string') throw new InvalidEncryptionDataError(`${name} is missing`);
  return value;
}

function base64Member(object: JsonObject, name: string): Buffer {
  const bytes = decodeBase64(textMember(object, name));
  if (bytes === null) throw new InvalidEncryptionDataError(`${name} is not base64`);
  return bytes;
}

const NO_ADDITIONS: ReadonlyMap<string, unknown> = new Map();

/** A map, so that the name of an entry cannot have a special meaning, as in an object. */
function additionsIn(value: unknown): ReadonlyMap<string, unknown> {
  if (value === undefined || value === null) return NO_ADDITIONS;
  if (!isObject(value)) throw new InvalidEncryptionDataError('KeyWrappingMetadata is not an object');
  const additions = new Map<string, unknown>();
  for (const name of Object.keys(value))
    if (name.toLowerCase() !== 'encryptionlibrary') additions.set(name, value[name]);
  return additions;
}
