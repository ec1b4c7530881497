/** Which properties of a stored entity its integrity entries cover, and whether they are unchanged. */
import { equalBytes } from '../../crypto/bytes.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { DecryptionError } from '../../errors/content.js';
import type { ContentOpener } from '../../protocol/protocol.js';
import { SHORT_TAG_LENGTH } from './bind.js';
import { underPropertyKey } from './integrity-keys.js';
import { placesOfSigned, sealedProperty, signedProperty, type SignedValue, writeTag } from './property-tags.js';

/** The columns of a stored entity, as its entries name them. */
interface StoredProperties {
  /** In the order of the list. */
  readonly sealedNames: readonly string[];
  /** Whether a projection requested the column. A column that was not requested is missing. */
  readonly isAsked: (name: string) => boolean;
  /** `null` for a missing column, or one that does not have the type of sealed ones. */
  readonly ciphertextOf: (name: string) => Uint8Array | null;
  /** `null` for a missing column, or one with a value that cannot be signed. */
  readonly signedValueOf: (name: string) => SignedValue | null;
}

interface PropertyCoverage {
  /**
   * Throws {@link DecryptionError} unless every property that is listed and was requested is there and unchanged.
   *
   * @returns the names of the clear ones
   */
  verify(stored: StoredProperties): ReadonlySet<string>;
}

/** Runs what reads opened plaintext, and throws what it throws. */
export type Interpret = <Result>(read: () => Result) => Result;

/** An opener of stored content. */
export interface EnvelopeOpener extends ContentOpener {
  /**
   * For code that interprets plaintext: its failure counts as a failure to open. For unverified content, whether plaintext can be
   * interpreted reveals as much to an attacker as its padding does.
   */
  readonly interpret?: Interpret | undefined;
  /** Only for an entity whose integrity entries were verified. */
  readonly coverage?: PropertyCoverage | undefined;
  /** The integrity tag of the write. Only for content whose integrity entries were verified. */
  readonly integrityTag?: string;
}

/** `tags` are those of all properties, as the entries list them. The MAC of the header covers them. */
export const propertyCoverage = (contentKey: ContentKey, tags: Buffer): PropertyCoverage => ({
  verify: (stored) => underPropertyKey(contentKey, (key) => verified(key, tags, stored)),
});

/** Computes the requested tags into a copy of all tags, which must not change. */
function verified(key: Uint8Array, tags: Buffer, stored: StoredProperties): ReadonlySet<string> {
  const { sealedNames, isAsked, ciphertextOf, signedValueOf } = stored;
  const signed = placesOfSigned(tags, sealedNames);
  const into = Buffer.from(tags);
  let place = 0;
  for (const name of sealedNames) {
    if (isAsked(name)) writeTag(key, sealedProperty(name, present(ciphertextOf(name))), { into, at: place });
    place += SHORT_TAG_LENGTH;
  }
  for (const [name, at] of signed) {
    if (isAsked(name)) writeTag(key, signedProperty(name, present(signedValueOf(name))), { into, at });
  }
  if (!equalBytes(into, tags)) throw new DecryptionError();
  return new Set(signed.keys());
}

function present<Value>(value: Value | null): Value {
  if (value === null) throw new DecryptionError();
  return value;
}
