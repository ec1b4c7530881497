/** Which properties of a stored entity its integrity entries cover, and whether they are what was written. */
import { equalBytes } from '../../crypto/bytes.js';
import type { ContentKey } from '../../crypto/content-key.js';
import type { MacKey } from '../../crypto/hmac.js';
import { DecryptionError } from '../../errors/content.js';
import type { ContentOpener } from '../../protocol/protocol.js';
import { propertyKey } from './integrity-keys.js';
import { parsePropertyTags, sealedTag, signedTag, type SignedValue } from './property-tags.js';

/** The columns of a stored entity, as its entries name them. */
export interface StoredProperties {
  /** In the order of their list. */
  readonly sealedNames: readonly string[];
  /** Whether a projection asked for the column; one that did not is not there. */
  readonly isAsked: (name: string) => boolean;
  /** `null` for a column that is not there, or not of the type of sealed ones. */
  readonly ciphertextOf: (name: string) => Uint8Array | null;
  /** `null` for a column that is not there, or holds what cannot be signed. */
  readonly signedValueOf: (name: string) => SignedValue | null;
}

export interface PropertyCoverage {
  /**
   * Throws {@link DecryptionError} unless every property that is listed and was asked for is there, as it was written.
   *
   * @returns the names of the clear ones
   */
  verify(stored: StoredProperties): ReadonlySet<string>;
}

/** An opener of stored content. */
export interface EnvelopeOpener extends ContentOpener {
  /** Only of an entity whose integrity entries were verified. */
  readonly coverage?: PropertyCoverage;
}

/** `tags`: those of all properties, as the entries list them; the MAC of the header covers them. */
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
