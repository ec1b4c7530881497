/** The integrity of one stored object: verifies its header, and opens its content only if it is unchanged. */
import { equalBytes } from '../../crypto/bytes.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { StaleContentError } from '../../errors/integrity.js';
import type { EncryptionTarget } from '../../keys/key-encryption-key.js';
import type { ContentForm, ContentOpener, Protocol, RegionOrder } from '../../protocol/protocol.js';
import type { EncryptionData } from '../../wire/encryption-data.js';
import { type EntityHeader, typesIn } from './header.js';
import { contextOf, type IntegrityMode, type IntegrityOptions, integrityOf } from './integrity-options.js';
import { type EnvelopeOpener, propertyCoverage } from './property-coverage.js';
import { type VerifiedHeader, verifyHeader } from './verified-header.js';
import { verifiedOpener } from './verified-opener.js';

/** What is stored with the encryption data, and what the caller expects. */
export interface StoredObject {
  /** `ignored` only in methods whose names say that they are for recovery. */
  readonly regionOrder?: RegionOrder | undefined;
  /** Number of stored bytes of ciphertext, no matter which part is read. Not for entities. */
  readonly storedLength?: number;
  /** The ciphertext of the list of sealed names in an entity; empty if there is no list. */
  readonly sealedList?: () => Uint8Array;
  /** The bytes of the integrity tag that the caller expects. */
  readonly expectedTag?: Uint8Array | undefined;
}

/** What is known about stored content once its key is unwrapped. */
interface UnwrappedContent {
  readonly stored: EncryptionData;
  readonly contentKey: ContentKey;
  /** Whether entries were removed: some are missing, and the content key records that they existed. */
  readonly isStripped: boolean;
  readonly protocol: Protocol;
}

/** Identifies the object. */
interface StoredObjectContext extends StoredObject {
  readonly target: EncryptionTarget;
  readonly form: ContentForm;
}

/**
 * `null` for content whose integrity is not checked, or that has no entries. Throws {@link StaleContentError} for content of a
 * different write than the caller expects.
 */
export function verifiedHeader(
  policy: IntegrityOptions,
  unwrapped: UnwrappedContent,
  context: StoredObjectContext,
): VerifiedHeader | null {
  const header = storedHeader(policy, unwrapped, context);
  const { expectedTag } = context;
  const isExpected = expectedTag === undefined || (header !== null && equalBytes(header.mac, expectedTag));
  if (!isExpected) throw new StaleContentError();
  return header;
}

function storedHeader(
  policy: IntegrityOptions,
  { stored, contentKey, isStripped, protocol }: UnwrappedContent,
  { form, target, regionOrder, storedLength = NaN, sealedList = () => new Uint8Array(0) }: StoredObjectContext,
): VerifiedHeader | null {
  const mode = integrityOf(policy);
  if (mode === 'off') return null;
  const { field, additions } = stored;
  // a recovery reads the remaining regions; content without regions is complete or damaged
  const length = regionOrder === 'ignored' && protocol.authenticates ? ('any' as const) : storedLength;
  const boundTo = contextOf(policy, target);
  const entity = target.kind === 'table' ? entityHeader(target, additions, sealedList()) : undefined;
  const content = { protocol, form, field, additions, length, context: boundTo, entity };
  return verifyHeader(contentKey, content, { isStripped, mode });
}

const entityHeader = (
  { partitionKey, rowKey }: Pick<EntityHeader, 'partitionKey' | 'rowKey'>,
  additions: EncryptionData['additions'],
  list: Uint8Array,
): EntityHeader => ({ partitionKey, rowKey, types: typesIn(additions), list });

interface OpenedContent {
  readonly opener: ContentOpener;
  readonly contentKey: ContentKey;
  readonly mode: IntegrityMode;
}

/** The opener of content whose header is valid. It checks the tag over the ciphertext, if there is one. */
export function heldTo(
  { bind, tag, mac }: VerifiedHeader,
  { opener, contentKey, mode }: OpenedContent,
): EnvelopeOpener {
  const { properties, ciphertextLength, plaintextLength } = bind;
  const integrityTag = mac.toString('base64');
  // added to the opener, because a copy takes longer
  if (properties !== undefined)
    return Object.assign(opener, { integrityTag, coverage: propertyCoverage(contentKey, properties) });
  if (tag === null || ciphertextLength === undefined) return Object.assign(opener, { integrityTag });
  const unverified = mode === 'require' ? 'refused' : 'allowed';
  const whole = { key: contentKey, tag, ciphertextLength, plaintextLength, unverified } as const;
  return Object.assign(verifiedOpener(opener, whole), { integrityTag });
}
