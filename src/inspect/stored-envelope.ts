/** What encryption data shows without a key. Damaged encryption data is reported as far as it can be read. */
import { printable } from '../encoding/printable.js';
import { storedLayout, storedProtocolOf } from '../envelope/envelope.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import type { ContentForm, ContentLayout } from '../protocol/protocol.js';
import { type EncryptionData, readEncryptionData } from '../wire/encryption-data.js';
import { isObject, type JsonObject, member, parseObject } from '../wire/json.js';
import type { Anomaly, Facts } from './report.js';
import { inspectEntries, type StoredIntegrity } from './stored-entries.js';

export interface StoredEnvelope {
  readonly facts: Facts;
  readonly anomalies: readonly Anomaly[];
  readonly notes: readonly string[];
  readonly library: string | null;
  /** Absent if the encryption data cannot be used. */
  readonly usable?: {
    readonly data: EncryptionData;
    readonly layout: ContentLayout;
    /** `null` for content without integrity entries. */
    readonly integrity: StoredIntegrity | null;
  };
}

/** Number of bytes that AES key wrap adds. */
const KEY_WRAP_OVERHEAD = 8;
/** Data wrapped with RSA is as long as the modulus: at least 1024 bits, in whole words. */
const LEAST_RSA_LENGTH = 128;
const RSA_WORD = 8;

/** `given` is the text as stored, or JSON that is already parsed, as in a message. */
export function inspectEnvelope(given: string | JsonObject, form: ContentForm): StoredEnvelope {
  const root = typeof given === 'string' ? parseObject(given) : given;
  if (root === null) return broken('ENCRYPTION_DATA_UNREADABLE', 'the encryption data is not a JSON object', {});
  const library = libraryOf(root);
  const libraryRemarks = libraryNotes(root, library);
  const facts = factsOf(root, library);
  try {
    const data = readEncryptionData(root);
    const layout = storedLayout(data, form);
    const integrity = inspectEntries(data, form);
    return {
      facts: { ...facts, ...(integrity === null ? { integrityEntries: 'none' } : integrity.facts) },
      notes: [...libraryRemarks, ...(integrity === null ? storedProtocolOf(data).notes : [])],
      library,
      usable: { data, layout, integrity },
      anomalies: [...wrapAnomalies(data), ...oddLibrary(root), ...(integrity?.anomalies ?? [])],
    };
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    const found = broken(codeOf(error.code), error.message, facts);
    return { ...found, notes: libraryRemarks, library, anomalies: [...found.anomalies, ...oddLibrary(root)] };
  }
}

const codeOf = (code: string): string =>
  code === 'UNSUPPORTED_PROTOCOL' ? 'PROTOCOL_UNKNOWN' : 'ENCRYPTION_DATA_INVALID';

const broken = (code: string, text: string, facts: Facts): StoredEnvelope => ({
  facts,
  anomalies: [{ code, text }],
  notes: [],
  library: null,
});

/** Names in their canonical form, values as stored. */
function factsOf(root: JsonObject, library: string | null): Facts {
  const agent = objectIn(root, 'EncryptionAgent');
  const wrapped = objectIn(root, 'WrappedContentKey');
  const regions = objectIn(root, 'EncryptedRegionInfo');
  const encryptedKey = member(wrapped, 'EncryptedKey');
  return {
    protocol: scalar(member(agent, 'Protocol')),
    algorithm: scalar(member(agent, 'EncryptionAlgorithm')),
    keyId: scalar(member(wrapped, 'KeyId')),
    wrapAlgorithm: scalar(member(wrapped, 'Algorithm')),
    wrappedKeyBytes: typeof encryptedKey === 'string' ? Buffer.from(encryptedKey, 'base64').length : undefined,
    regionPlaintextBytes: scalar(member(regions, 'DataLength')),
    nonceBytes: scalar(member(regions, 'NonceLength')),
    writtenBy: library ?? undefined,
  };
}

function wrapAnomalies(data: EncryptionData): Anomaly[] {
  const { algorithm, encryptedKey, keyId } = data.wrappedKey;
  const { packedLength, version } = storedProtocolOf(data);
  const isOdd = !isWrappedLength(algorithm, packedLength, encryptedKey.length);
  return [
    ...(isOdd
      ? [
          {
            code: 'WRAPPED_KEY_LENGTH',
            text: `${printable(algorithm)} in protocol ${version} does not produce a wrapped key of ${encryptedKey.length} bytes`,
          },
        ]
      : []),
    ...(encryptedKey.length === 0 ? [{ code: 'WRAPPED_KEY_EMPTY', text: 'there is no wrapped key' }] : []),
    ...(keyId === '' ? [{ code: 'KEY_ID_EMPTY', text: 'the key id is empty: no resolver can find the key' }] : []),
  ];
}

/** Whether a wrapped key may have that length in bytes. For unknown algorithms this is always true. */
function isWrappedLength(algorithm: string, packedLength: number, length: number): boolean {
  if (/^A(128|192|256)KW$/.test(algorithm)) return length === packedLength + KEY_WRAP_OVERHEAD;
  return !algorithm.startsWith('RSA') || (length >= LEAST_RSA_LENGTH && length % RSA_WORD === 0);
}

function libraryOf(root: JsonObject): string | null {
  const library = member(objectIn(root, 'KeyWrappingMetadata'), 'EncryptionLibrary');
  return typeof library === 'string' ? library : null;
}

function oddLibrary(root: JsonObject): Anomaly[] {
  const metadata = member(root, 'KeyWrappingMetadata');
  const library = isObject(metadata) ? member(metadata, 'EncryptionLibrary') : undefined;
  const isText = library === undefined || typeof library === 'string';
  return isText ? [] : [{ code: 'LIBRARY_NOT_TEXT', text: 'EncryptionLibrary is not text' }];
}

function libraryNotes(root: JsonObject, library: string | null): string[] {
  const metadata = member(root, 'KeyWrappingMetadata');
  if (metadata === undefined || metadata === null) {
    return ['there is no KeyWrappingMetadata: only the first Java SDKs write none'];
  }
  return library === null ? ['KeyWrappingMetadata names no library, as the first .NET SDKs do'] : [];
}

function objectIn(root: JsonObject, name: string): JsonObject {
  const value = member(root, name);
  return isObject(value) ? value : {};
}

/** A value that is neither text nor a number is reported by its kind. Writing it out could overflow the stack. */
function scalar(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number' || value === undefined) return value;
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : JSON.stringify(value);
}
