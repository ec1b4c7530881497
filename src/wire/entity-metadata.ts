/**
 * The two properties that stand beside the sealed ones of an entity:
 *
 *     _ClientEncryptionMetadata1   Edm.String   the encryption data
 *     _ClientEncryptionMetadata2   Edm.Binary   sealed like a property of that name: the list of sealed names
 *
 * The list is compact JSON in raw UTF-8, since one reader knows no escapes. The old Java SDK writes it bare: `[a, b]`.
 * Source: docs/formats.md, "Entities".
 */
import { DecryptionError } from '../errors/content.js';

export const ENCRYPTION_DATA_PROPERTY = '_ClientEncryptionMetadata1';
export const SEALED_NAMES_PROPERTY = '_ClientEncryptionMetadata2';

export const isReservedProperty = (name: string): boolean =>
  name === ENCRYPTION_DATA_PROPERTY || name === SEALED_NAMES_PROPERTY;

/**
 * Whether the old Java SDK wrote an entity, by the rule of every SDK that reads them: the library's name says so, or is missing.
 * `field` reads the encryption data by path.
 */
export function isOldJava(field: (...path: readonly string[]) => unknown): boolean {
  if ((field('KeyWrappingMetadata') ?? null) === null) return true;
  const library = field('KeyWrappingMetadata', 'EncryptionLibrary');
  return typeof library === 'string' && library.includes('Java');
}

export const formatSealedNames = (names: readonly string[]): Buffer => Buffer.from(JSON.stringify(names), 'utf8');

/** Reads both spellings of the list; throws {@link DecryptionError} for anything else, since it was sealed as a list. */
export function parseSealedNames(list: Uint8Array): readonly string[] {
  const text = Buffer.from(list).toString('utf8');
  return jsonNames(text) ?? bareNames(text) ?? failed();
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
