/**
 * The envelope: a content key, wrapped by a KEK, with the encryption data that describes how. A new one is created for everything
 * that is written, and one is opened for everything that is read. The bytes of a content key exist only here and in what seals or
 * opens.
 */
import { type ContentKey, generateContentKey, importContentKey, wipe } from '../crypto/content-key.js';
import type { EncryptionTarget, KeyOperationOptions } from '../keys/key-encryption-key.js';
import type { ContentForm, ContentLayout, ContentSealer, Protocol } from '../protocol/protocol.js';
import { protocolToWrite, storedProtocol } from '../protocol/registry.js';
import { type EncryptionData, type NewEncryptionData, readerOf } from '../wire/encryption-data.js';
import { type EncryptionPolicy, keysOf } from './encryption-policy.js';
import { contentFacts, watchedOpener } from './read-failure.js';
import { lacksEntries } from './integrity/entries.js';
import { generateFlaggedKey, isFlaggedKey } from './integrity/flag.js';
import { assertReadable, assertRegionFits, contextOf, integrityOf } from './integrity/integrity-options.js';
import { EntitySealing } from './integrity/entity-sealing.js';
import { typesIn } from './integrity/header.js';
import type { EnvelopeOpener } from './integrity/property-coverage.js';
import type { SignedValue } from './integrity/property-tags.js';
import { type BoundContent, IntegritySealing, longestEntries } from './integrity/sealing.js';
import { heldTo, type StoredObject, verifiedHeader } from './integrity/stored-object.js';
import { processBreaker } from './opening-breaker.js';
import { assertKeyAllowed, type KeyChoiceOptions, keyToUnwrap, keyToWrap } from './key-choice.js';

/** What is written or read, and how. */
export interface EnvelopeContext extends KeyChoiceOptions {
  readonly target: EncryptionTarget;
  readonly form: ContentForm;
  /** Passed on to the keys. */
  readonly operation?: KeyOperationOptions | undefined;
}

interface CreateContext extends EnvelopeContext {
  /** Entries for `KeyWrappingMetadata`. Readers that do not know them ignore them. */
  readonly additions?: ReadonlyMap<string, string> | undefined;
  /** Clear properties of an entity that its integrity entries cover. */
  readonly signed?: ReadonlyMap<string, SignedValue> | undefined;
}

interface OpenContext extends EnvelopeContext, StoredObject {}

export interface Envelope {
  /** The part of the encryption data that is known before the content is sealed. */
  readonly encryptionData: NewEncryptionData;
  /** The longest that the encryption data can get once the content is sealed; for an entity without its entries. */
  readonly longestData: () => NewEncryptionData;
  /** Seals the content, once. */
  readonly sealer: ContentSealer;
  /** The encryption data to store, once all of the content is sealed. */
  readonly sealedData: () => NewEncryptionData;
}

/**
 * Creates a new content key and wraps it. Throws before anything is sent: `KEY_MISSING`, `KEY_NOT_ALLOWED`, `KEY_WRAP_FAILED`,
 * `UNSUPPORTED_OPERATION`, `INVALID_OPTIONS` for a context that is not text.
 */
export async function createEnvelope(policy: EncryptionPolicy, context: CreateContext): Promise<Envelope> {
  const protocol = protocolToWrite(policy.protocol, context.form);
  const hasEntries = integrityOf(policy) !== 'off';
  const boundTo = hasEntries ? contextOf(policy, context.target) : null;
  const key = await keyToWrap(policy, context);

  const bytes = hasEntries ? generateFlaggedKey() : generateContentKey();
  const packed = protocol.packKey(bytes);
  try {
    const contentKey = importContentKey(bytes);
    const sealer = protocol.sealer(contentKey, { form: context.form, regionLength: policy.regionLength });
    const wrappedKey = await keysOf(policy).wrap({ key, target: context.target, operation: context.operation }, packed);
    await assertKeyAllowed(policy, wrappedKey.keyId, context.target);
    const encryptionData = {
      wrappedKey,
      protocol: protocol.version,
      algorithm: protocol.algorithm,
      fields: sealer.fields,
      additions: context.additions ?? NO_ADDITIONS,
    };
    if (!hasEntries) {
      const data = (): NewEncryptionData => encryptionData;
      return { encryptionData, longestData: data, sealer, sealedData: data };
    }
    const { form } = context;
    const content = { protocol, form, field: readerOf(encryptionData), context: boundTo };
    return boundEnvelope({ encryptionData, sealer, content }, integritySealing(contentKey, content, context));
  } finally {
    wipe(bytes, packed);
  }
}

const NO_ADDITIONS: ReadonlyMap<string, string> = new Map();
const NOTHING_SIGNED: ReadonlyMap<string, SignedValue> = new Map();

interface UnboundEnvelope extends Pick<Envelope, 'encryptionData' | 'sealer'> {
  readonly content: BoundContent;
}

/** The envelope of content with entries, which are known once it is sealed. */
function boundEnvelope(
  { encryptionData, sealer, content }: UnboundEnvelope,
  integrity: IntegritySealing | EntitySealing,
): Envelope {
  const { wrappedKey, protocol, algorithm, fields, additions } = encryptionData;
  const withEntries = (entries: ReadonlyMap<string, string>): NewEncryptionData => ({
    wrappedKey,
    protocol,
    algorithm,
    fields,
    additions: additions.size === 0 ? entries : new Map([...additions, ...entries]),
  });
  return {
    encryptionData,
    longestData: () => (content.form === 'entity' ? encryptionData : withEntries(longestEntries(content))),
    sealer: integrity.watched(sealer),
    sealedData: () => withEntries(integrity.entries()),
  };
}

function integritySealing(
  contentKey: ContentKey,
  content: BoundContent,
  { target, additions = NO_ADDITIONS, signed = NOTHING_SIGNED }: CreateContext,
): IntegritySealing | EntitySealing {
  if (target.kind !== 'table') return new IntegritySealing(contentKey, content);
  const { partitionKey, rowKey } = target;
  return new EntitySealing(contentKey, content, { partitionKey, rowKey, signed, types: typesIn(additions) });
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
    // the key only matters if something is missing, and checking it takes a MAC
    const isStripped = lacksEntries(stored.additions) && isFlaggedKey(bytes);
    wipe(bytes);
    const { form, regionOrder = 'checked' } = context;
    const unwrapped = { stored, contentKey, isStripped, protocol };
    const mode = integrityOf(policy);
    if (mode === 'off' && isStripped) policy.onIntegrityMissing?.(contentFacts(stored, context.target));
    const header = verifiedHeader(policy, unwrapped, context);
    const counting = header === null ? 'any' : 'ours';
    const opener = protocol.opener(contentKey, stored.field, { form, regionOrder, counting });
    if (header !== null) return heldTo(header, { opener, contentKey, mode });
    return protocol.authenticates ? opener : processBreaker.watched(opener, stored.wrappedKey);
  } finally {
    wipe(packed);
  }
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
