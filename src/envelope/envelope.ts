/**
 * The envelope: a content key, wrapped by a KEK, with the encryption data that describes how. A new one is created for everything
 * that is written, and one is opened for everything that is read. The bytes of a content key exist only here and in what seals or
 * opens.
 */
import { type ContentKey, generateContentKey, importContentKey, wipe } from '../crypto/content-key.js';
import type { EncryptionTarget, KeyOperationOptions } from '../keys/key-encryption-key.js';
import type {
  ContentForm,
  ContentLayout,
  ContentOpener,
  ContentSealer,
  Protocol,
  RegionOrder,
} from '../protocol/protocol.js';
import { protocolToWrite, storedProtocol } from '../protocol/registry.js';
import { type EncryptionData, type NewEncryptionData, toWireObject } from '../wire/encryption-data.js';
import { fieldReader } from '../wire/json.js';
import { PROPERTY_TYPES_ENTRY } from '../wire/property-types.js';
import { type EncryptionPolicy, keysOf } from './encryption-policy.js';
import { watchedOpener } from './read-failure.js';
import { generateFlaggedKey, isFlaggedKey } from './integrity/flag.js';
import {
  assertReadable,
  assertRegionFits,
  contextOf,
  type IntegrityMode,
  integrityOf,
} from './integrity/integrity-options.js';
import { EntitySealing } from './integrity/entity-sealing.js';
import { type EnvelopeOpener, propertyCoverage } from './integrity/property-coverage.js';
import type { SignedValue } from './integrity/property-tags.js';
import { type BoundContent, IntegritySealing, longestEntries } from './integrity/sealing.js';
import { type VerifiedHeader, verifyHeader } from './integrity/verified-header.js';
import { heldToTag } from './integrity/verified-opener.js';
import { processBreaker } from './opening-breaker.js';
import { assertKeyAllowed, type KeyChoiceOptions, keyToUnwrap, keyToWrap } from './key-choice.js';

/** What is written or read, and how. */
export interface EnvelopeContext extends KeyChoiceOptions {
  readonly target: EncryptionTarget;
  readonly form: ContentForm;
  /** Passed on to the keys. */
  readonly operation?: KeyOperationOptions | undefined;
}

export interface CreateContext extends EnvelopeContext {
  /** Entries for `KeyWrappingMetadata`. Readers that do not know them ignore them. */
  readonly additions?: ReadonlyMap<string, string>;
  /** Clear properties of an entity that its integrity entries cover. */
  readonly signed?: ReadonlyMap<string, SignedValue>;
}

export interface OpenContext extends EnvelopeContext {
  /** `ignored` only in methods that are named for recovery. */
  readonly regionOrder?: RegionOrder | undefined;
  /** Number of stored ciphertext bytes, whatever part of them is read. Not for entities. */
  readonly storedLength?: number;
  /** The ciphertext of the list of sealed names of an entity. Empty if there is no list. */
  readonly sealedList?: () => Uint8Array;
}

export interface Envelope {
  /** The part of the encryption data that is known before the content is sealed. */
  readonly encryptionData: NewEncryptionData;
  /** As long as the encryption data can get until the content is sealed; of an entity without its entries. */
  readonly longestData: NewEncryptionData;
  /** Seals the content, once. */
  readonly sealer: ContentSealer;
  /** The encryption data to store, once all of the content is sealed. */
  readonly sealedData: () => NewEncryptionData;
}

/**
 * Creates a fresh content key and wraps it. Throws before anything is sent: `KEY_MISSING`, `KEY_NOT_ALLOWED`, `KEY_WRAP_FAILED`,
 * `UNSUPPORTED_OPERATION`.
 */
export async function createEnvelope(policy: EncryptionPolicy, context: CreateContext): Promise<Envelope> {
  const protocol = protocolToWrite(policy.protocol, context.form);
  const key = await keyToWrap(policy, context);

  const hasEntries = integrityOf(policy) !== 'off';
  const bytes = hasEntries ? generateFlaggedKey() : generateContentKey();
  const packed = protocol.packKey(bytes);
  try {
    const contentKey = importContentKey(bytes);
    const sealer = protocol.sealer(contentKey, {
      form: context.form,
      regionLength: policy.regionLength,
    });
    const wrappedKey = await keysOf(policy).wrap({ key, target: context.target, operation: context.operation }, packed);
    await assertKeyAllowed(policy, wrappedKey.keyId, context.target);
    const encryptionData = {
      wrappedKey,
      protocol: protocol.version,
      algorithm: protocol.algorithm,
      fields: sealer.fields,
      additions: context.additions ?? new Map<string, string>(),
    };
    if (!hasEntries) {
      return { encryptionData, longestData: encryptionData, sealer, sealedData: () => encryptionData };
    }
    const { form, target } = context;
    // as a reader will see it, including the library name, which determines how IVs of properties are made
    const field = fieldReader(toWireObject(encryptionData, 'entity'));
    const content = { protocol, form, field, context: contextOf(policy, target) };
    return boundEnvelope({ encryptionData, sealer, content }, integritySealing(contentKey, content, context));
  } finally {
    wipe(bytes, packed);
  }
}

interface UnboundEnvelope extends Pick<Envelope, 'encryptionData' | 'sealer'> {
  readonly content: BoundContent;
}

/** The envelope of content with entries, which are known once it is sealed. */
function boundEnvelope(
  { encryptionData, sealer, content }: UnboundEnvelope,
  integrity: IntegritySealing | EntitySealing,
): Envelope {
  const withEntries = (entries: ReadonlyMap<string, string>): NewEncryptionData => ({
    ...encryptionData,
    additions: new Map([...encryptionData.additions, ...entries]),
  });
  return {
    encryptionData,
    longestData: content.form === 'entity' ? encryptionData : withEntries(longestEntries(content)),
    sealer: integrity.watched(sealer),
    sealedData: () => withEntries(integrity.entries()),
  };
}

function integritySealing(
  contentKey: ContentKey,
  content: BoundContent,
  { target, additions, signed = new Map<string, SignedValue>() }: CreateContext,
): IntegritySealing | EntitySealing {
  if (target.kind !== 'table') return new IntegritySealing(contentKey, content);
  const { partitionKey, rowKey } = target;
  return new EntitySealing(contentKey, content, { partitionKey, rowKey, signed, ...typesIn(additions) });
}

/** The entry with the types of sealed values, which the MAC of an entity covers. */
function typesIn(additions: ReadonlyMap<string, unknown> = new Map()): { readonly types?: string } {
  const types = additions.get(PROPERTY_TYPES_ENTRY);
  return typeof types === 'string' ? { types } : {};
}

/** Unwraps the content key of stored content. Each kind of failure has its own error, and is reported to the policy. */
export function openEnvelope(
  policy: EncryptionPolicy,
  stored: EncryptionData,
  context: OpenContext,
): Promise<EnvelopeOpener> {
  const { target } = context;
  return watchedOpener(policy.onReadFailed, { stored, target }, () => openUnwatched(policy, stored, context));
}

async function openUnwatched(
  policy: EncryptionPolicy,
  stored: EncryptionData,
  context: OpenContext,
): Promise<EnvelopeOpener> {
  const protocol = storedProtocolOf(stored);
  assertReadable(policy, protocol, context.form);
  assertRegionFits(policy, protocol, protocol.storedLayout(stored.field, context.form));
  const key = await keyToUnwrap(policy, stored.wrappedKey.keyId, context);

  const packed = await keysOf(policy).unwrap(
    { key, target: context.target, operation: context.operation },
    stored.wrappedKey,
  );
  try {
    const bytes = protocol.unpackKey(packed);
    const contentKey = importContentKey(bytes);
    const isFlagged = isFlaggedKey(bytes);
    wipe(bytes);
    const { form, regionOrder = 'checked' } = context;
    const header = verifiedHeader(policy, { stored, contentKey, isFlagged, protocol }, context);
    const counting = header === null ? 'any' : 'ours';
    const opener = protocol.opener(contentKey, stored.field, { form, regionOrder, counting });
    if (header !== null) return heldTo(header, { opener, contentKey, mode: integrityOf(policy) });
    return protocol.authenticates ? opener : processBreaker.watched(opener, stored.wrappedKey);
  } finally {
    wipe(packed);
  }
}

/** What is known about stored content once its key is unwrapped. */
interface UnwrappedContent {
  readonly stored: EncryptionData;
  readonly contentKey: ContentKey;
  readonly isFlagged: boolean;
  readonly protocol: Protocol;
}

/** `null` if the integrity of the content is not checked, or if it has no entries. */
function verifiedHeader(
  policy: EncryptionPolicy,
  { stored, contentKey, isFlagged, protocol }: UnwrappedContent,
  { form, target, regionOrder, storedLength = NaN, sealedList = () => new Uint8Array(0) }: OpenContext,
): VerifiedHeader | null {
  const mode = integrityOf(policy);
  if (mode === 'off') return null;
  const { field, additions } = stored;
  // a recovery reads the regions that are left; content without regions is whole or damaged
  const length = regionOrder === 'ignored' && protocol.authenticates ? 'any' : storedLength;
  const content = { protocol, form, field, additions, length, context: contextOf(policy, target) } as const;
  if (target.kind !== 'table') return verifyHeader(contentKey, content, { isFlagged, mode });
  const { partitionKey, rowKey } = target;
  const entity = { partitionKey, rowKey, list: sealedList(), ...typesIn(additions) };
  return verifyHeader(contentKey, { ...content, entity }, { isFlagged, mode });
}

function heldTo(
  header: VerifiedHeader,
  {
    opener,
    contentKey,
    mode,
  }: { readonly opener: ContentOpener; readonly contentKey: ContentKey; readonly mode: IntegrityMode },
): EnvelopeOpener {
  const { properties } = header.bind;
  if (properties !== undefined) return { ...opener, coverage: propertyCoverage(contentKey, properties) };
  return heldToTag(opener, contentKey, { header, mode });
}

/** The version that stored content names. Throws `UNSUPPORTED_PROTOCOL`. */
export const storedProtocolOf = ({ protocol, algorithm }: EncryptionData): Protocol =>
  storedProtocol(protocol, algorithm);

/** The arithmetic of stored content. It needs no key. */
export function storedLayout(stored: EncryptionData, form: ContentForm): ContentLayout {
  return storedProtocolOf(stored).storedLayout(stored.field, form);
}

/** The arithmetic of content that this policy would write: for lengths before sealing, and for the first guess of a window. */
export function expectedLayout(policy: EncryptionPolicy, form: ContentForm): ContentLayout {
  return protocolToWrite(policy.protocol, form).newLayout({ form, regionLength: policy.regionLength });
}
