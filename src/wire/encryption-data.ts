/**
 * The encryption data: the JSON that stands beside every ciphertext.
 *
 *     { "EncryptionMode":"FullBlob",                                  blobs only
 *       "WrappedContentKey":{"KeyId","EncryptedKey","Algorithm"},
 *       "EncryptionAgent":{"Protocol","EncryptionAlgorithm"},
 *       "ContentEncryptionIV" (1.0) or "EncryptedRegionInfo":{"DataLength","NonceLength"} (2.x),
 *       "KeyWrappingMetadata":{"EncryptionLibrary", additions} }
 *
 * Written in this order, compact, with no other member: some readers fail on unknown ones. Only `KeyWrappingMetadata`, text to
 * text, may have additions, which every reader ignores. Read in any order and letter case;
 * what a version adds is handed on for that version to judge. Source: docs/formats.md, "Encryption data".
 */
import { decodeBase64 } from '../encoding/base64.js';
import { InvalidEncryptionDataError } from '../errors/content.js';
import { LIBRARY_NAME } from '../version.js';
import { isObject, type JsonObject, member, parseObject, toAsciiJson } from './json.js';

/** What is stored of the content key. */
export interface StoredWrappedKey {
  readonly keyId: string;
  readonly algorithm: string;
  readonly encryptedKey: Uint8Array;
}

export interface EncryptionData {
  readonly wrappedKey: StoredWrappedKey;
  readonly protocol: string;
  readonly algorithm: string;
  /** The members that the protocol version reads, under their canonical names. */
  readonly fields: JsonObject;
  /** Entries of `KeyWrappingMetadata` beside the library's name; text where we write them, anything where we read. */
  readonly additions?: ReadonlyMap<string, unknown>;
}

/** Where the encryption data stands: only blobs carry `EncryptionMode`. */
export type EncryptionDataPlace = 'blob' | 'message' | 'entity';

/** Throws {@link InvalidEncryptionDataError} if the text is not encryption data. */
export function parseEncryptionData(text: string): EncryptionData {
  const root = parseObject(text);
  if (root === null) throw new InvalidEncryptionDataError('it is not a JSON object');
  return readEncryptionData(root);
}

/** The same for JSON that is parsed already, as in a queue message. */
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
    fields: {
      ContentEncryptionIV: member(root, 'ContentEncryptionIV'),
      EncryptedRegionInfo: regionInfo(member(root, 'EncryptedRegionInfo')),
      KeyWrappingMetadata: writerInfo(member(root, 'KeyWrappingMetadata')),
    },
    additions: additionsIn(member(root, 'KeyWrappingMetadata')),
  };
}

/** The encryption data as an object in the order it is written. */
export function toWireObject(data: EncryptionData, place: EncryptionDataPlace): JsonObject {
  const { ContentEncryptionIV, EncryptedRegionInfo } = data.fields;
  return {
    ...(place === 'blob' ? { EncryptionMode: 'FullBlob' } : {}),
    WrappedContentKey: wrappedKeyObject(data.wrappedKey),
    EncryptionAgent: { Protocol: data.protocol, EncryptionAlgorithm: data.algorithm },
    ...(ContentEncryptionIV === undefined ? {} : { ContentEncryptionIV }),
    ...(EncryptedRegionInfo === undefined ? {} : { EncryptedRegionInfo }),
    KeyWrappingMetadata: { EncryptionLibrary: LIBRARY_NAME, ...Object.fromEntries(data.additions ?? []) },
  };
}

export const formatEncryptionData = (data: EncryptionData, place: EncryptionDataPlace): string =>
  toAsciiJson(toWireObject(data, place));

/** The same text with another wrapped key; every other member stays as its writer left it. */
export function replaceWrappedKey(text: string, wrappedKey: StoredWrappedKey): string {
  const root = parseObject(text);
  if (root === null) throw new InvalidEncryptionDataError('it is not a JSON object');
  const entries = Object.entries(root).map(([name, value]) =>
    name.toLowerCase() === 'wrappedcontentkey' ? [name, wrappedKeyObject(wrappedKey)] : [name, value],
  );
  return toAsciiJson(Object.fromEntries(entries));
}

const wrappedKeyObject = (wrappedKey: StoredWrappedKey): JsonObject => ({
  KeyId: wrappedKey.keyId,
  EncryptedKey: Buffer.from(wrappedKey.encryptedKey).toString('base64'),
  Algorithm: wrappedKey.algorithm,
});

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

function regionInfo(value: unknown): unknown {
  if (!isObject(value)) return value;
  return { DataLength: member(value, 'DataLength'), NonceLength: member(value, 'NonceLength') };
}

function writerInfo(value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (!isObject(value)) throw new InvalidEncryptionDataError('KeyWrappingMetadata is not an object');
  return { EncryptionLibrary: member(value, 'EncryptionLibrary') };
}

/** A map, so that no entry's name means anything to an object. */
function additionsIn(value: unknown): ReadonlyMap<string, unknown> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return new Map(entries.filter(([name]) => name.toLowerCase() !== 'encryptionlibrary'));
}
