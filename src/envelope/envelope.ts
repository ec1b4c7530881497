/**
 * The envelope: a content key, wrapped by a KEK, with the encryption data that tells how. Made new for everything that is
 * written, opened for everything that is read. The bytes of a content key live here and in what seals or opens, nowhere else.
 */
import { generateContentKey, importContentKey, wipe } from '../crypto/content-key.js';
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
import type { EncryptionData, NewEncryptionData } from '../wire/encryption-data.js';
import { type EncryptionPolicy, keysOf } from './encryption-policy.js';
import { watchedOpener } from './read-failure.js';
import { assertKeyAllowed, type KeyChoiceOptions, keyToUnwrap, keyToWrap } from './key-choice.js';

/** What is written or read, and how. */
export interface EnvelopeContext extends KeyChoiceOptions {
  readonly target: EncryptionTarget;
  readonly form: ContentForm;
  /** Passed on to the keys. */
  readonly operation?: KeyOperationOptions;
}

export interface CreateContext extends EnvelopeContext {
  /** Entries for `KeyWrappingMetadata`, which readers that do not know them ignore. */
  readonly additions?: ReadonlyMap<string, string>;
}

export interface OpenContext extends EnvelopeContext {
  /** `ignored` only in methods that are named for recovery. */
  readonly regionOrder?: RegionOrder;
}

export interface Envelope {
  readonly encryptionData: NewEncryptionData;
  /** Seals the content, once. */
  readonly sealer: ContentSealer;
}

/**
 * A fresh content key, wrapped. Throws before anything is sent: `KEY_MISSING`, `KEY_NOT_ALLOWED`, `KEY_WRAP_FAILED`,
 * `UNSUPPORTED_OPERATION`.
 */
export async function createEnvelope(policy: EncryptionPolicy, context: CreateContext): Promise<Envelope> {
  const protocol = protocolToWrite(policy.protocol, context.form);
  const key = await keyToWrap(policy, context);

  const contentKey = generateContentKey();
  const packed = protocol.packKey(contentKey);
  try {
    const sealer = protocol.sealer(importContentKey(contentKey), {
      form: context.form,
      ...(policy.regionLength === undefined ? {} : { regionLength: policy.regionLength }),
    });
    const wrappedKey = await keysOf(policy).wrap({ key, operation: context.operation }, packed);
    await assertKeyAllowed(policy, wrappedKey.keyId, context.target);
    const encryptionData = {
      wrappedKey,
      protocol: protocol.version,
      algorithm: protocol.algorithm,
      fields: sealer.fields,
      additions: context.additions ?? new Map<string, string>(),
    };
    return { encryptionData, sealer };
  } finally {
    wipe(contentKey, packed);
  }
}

/** Unwraps the content key of stored content. Throws the error that fits each way this can fail, and tells the policy of it. */
export function openEnvelope(
  policy: EncryptionPolicy,
  stored: EncryptionData,
  context: OpenContext,
): Promise<ContentOpener> {
  const { target } = context;
  return watchedOpener(policy.onReadFailed, { stored, target }, () => openUnwatched(policy, stored, context));
}

async function openUnwatched(
  policy: EncryptionPolicy,
  stored: EncryptionData,
  context: OpenContext,
): Promise<ContentOpener> {
  const protocol = storedProtocolOf(stored);
  protocol.storedLayout(stored.field, context.form);
  const key = await keyToUnwrap(policy, stored.wrappedKey.keyId, context);

  const packed = await keysOf(policy).unwrap({ key, operation: context.operation }, stored.wrappedKey);
  try {
    const bytes = protocol.unpackKey(packed);
    const contentKey = importContentKey(bytes);
    wipe(bytes);
    return protocol.opener(contentKey, stored.field, {
      form: context.form,
      regionOrder: context.regionOrder ?? 'checked',
    });
  } finally {
    wipe(packed);
  }
}

/** The version that stored content names. Throws `UNSUPPORTED_PROTOCOL`. */
export const storedProtocolOf = ({ protocol, algorithm }: EncryptionData): Protocol =>
  storedProtocol(protocol, algorithm);

/** The arithmetic of stored content; needs no key. */
export function storedLayout(stored: EncryptionData, form: ContentForm): ContentLayout {
  return storedProtocolOf(stored).storedLayout(stored.field, form);
}

/** The arithmetic of content that this policy would write: lengths before sealing, the window of a guess before reading. */
export function expectedLayout(policy: EncryptionPolicy, form: ContentForm): ContentLayout {
  const regionLength = policy.regionLength;
  return protocolToWrite(policy.protocol, form).newLayout({
    form,
    ...(regionLength === undefined ? {} : { regionLength }),
  });
}
