/**
 * The two properties that an entity has in addition to the sealed ones:
 *
 *     _ClientEncryptionMetadata1   Edm.String   the encryption data
 *     _ClientEncryptionMetadata2   Edm.Binary   sealed like a property of that name: the list of sealed names
 *
 * The list is compact JSON in raw UTF-8, because one reader does not understand escapes. The old Java SDK writes it without
 * quotes: `[a, b]`. Source: docs/formats.md, "Entities".
 */
import { DecryptionError } from '../errors/content.js';

export const ENCRYPTION_DATA_PROPERTY = '_ClientEncryptionMetadata1';
export const SEALED_NAMES_PROPERTY = '_ClientEncryptionMetadata2';

export const isReservedProperty = (name: string): boolean =>
  name === ENCRYPTION_DATA_PROPERTY || name === SEALED_NAMES_PROPERTY;

export const formatSealedNames = (names: readonly string[]): Buffer => Buffer.from(JSON.stringify(names), 'utf8');

/** A key whose text is ciphertext would open to another key than the row has. */
const NEVER_SEALED = ['partitionKey', 'rowKey', ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY];

/**
 * Reads both forms of the list. Throws {@link DecryptionError} for anything else, because it was sealed as a list, and for names that no
 * writer seals.
 */
export function parseSealedNames(list: Buffer): readonly string[] {
  const text = list.toString('utf8');
  const names = jsonNames(text) ?? bareNames(text) ?? failed();
  return names.some((name) => NEVER_SEALED.includes(name)) ? failed() : names;
}

function jsonNames(text: string): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : null;
  } catch {
    return null;
  }
}

function bareNames(text: string): readonly string[] | null {
  if (!text.startsWith('[') || !text.endsWith(']')) return null;
  return text
    .slice(1, -1)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function failed(): never {
  throw new DecryptionError();
}
