/** Which properties of a stored entity its integrity entries cover, and whether they are unchanged. */
import { equalBytes } from '../../crypto/bytes.js';
import type { ContentKey } from '../../crypto/content-key.js';
import type { MacKey } from '../../crypto/hmac.js';
import { DecryptionError } from '../../errors/content.js';
import type { ContentOpener } from '../../protocol/protocol.js';
import { propertyKey } from './integrity-keys.js';
import { parsePropertyTags, sealedTag, signedTag, type SignedValue } from './property-tags.js';

/** The columns of a stored entity, as its entries name them. */
export interface StoredProperties {
  /** In the order of the list. */
  readonly sealedNames: readonly string[];
  /** Whether a projection requested the column. A column that was not requested is missing. */
  readonly isAsked: (name: string) => boolean;
  /** `null` for a missing column, or one that does not have the type of sealed ones. */
  readonly ciphertextOf: (name: string) => Uint8Array | null;
  /** `null` for a missing column, or one with a value that cannot be signed. */
  readonly signedValueOf: (name: string) => SignedValue | null;
}

export interface PropertyCoverage {
  /**
   * Throws {@link DecryptionError} unless every property that is listed and was requested is there and unchanged.
   *
   * @returns the names of the clear ones
   */
  verify(stored: StoredProperties): ReadonlySet<string>;
}

/** An opener of stored content. */
export interface EnvelopeOpener extends ContentOpener {
  /** Only for an entity whose integrity entries were verified. */
  readonly coverage?: PropertyCoverage;
  /** The integrity tag of the write, verified. Only of content with integrity entries that were verified. */
  readonly integrityTag?: string;
}

/** `tags` are those of all properties, as the entries list them. The MAC of the header covers them. */
export const propertyCoverage = (contentKey: ContentKey, tags: Buffer): PropertyCoverage => ({
  verify: (stored) => verified(propertyKey(contentKey), tags, stored),
});

function verified(key: MacKey, tags: Buffer, stored: StoredProperties): ReadonlySet<string> {
  const { sealedNames, isAsked, ciphertextOf, signedValueOf } = stored;
  const { sealed, signed } = parsePropertyTags(tags, sealedNames);
  for (const [at, name] of sealedNames.entries()) {
    if (isAsked(name)) assertTag(sealedTag(key, name, present(ciphertextOf(name))), present(sealed[at]));
  }
  for (const [name, tag] of signed) {
    if (isAsked(name)) assertTag(signedTag(key, name, present(signedValueOf(name))), tag);
  }
  return new Set(signed.keys());
}

function assertTag(found: Uint8Array, expected: Uint8Array): void {
  if (!equalBytes(found, expected)) throw new DecryptionError();
}

function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new DecryptionError();
  return value;
}
