/** Rewrap: the same content key under another KEK; content and every other member of the encryption data stay as they are. */
import { wipe } from '../crypto/content-key.js';
import { storedProtocol } from '../protocol/registry.js';
import { parseEncryptionData, replaceWrappedKey } from '../wire/encryption-data.js';
import { assertFinished } from '../wire/unfinished-upload.js';
import { type EncryptionPolicy, keysOf } from './encryption-policy.js';
import type { EnvelopeContext } from './envelope.js';
import { assertKeyAllowed, keyToUnwrap, keyToWrap } from './key-choice.js';

export interface Rewrapped {
  readonly keyId: string;
  /** The new text of the encryption data, or `null` if the writing key wraps it already. */
  readonly text: string | null;
}

export interface RewrapContext extends EnvelopeContext {
  /** Wraps anew also what the writing key wraps already. */
  readonly force?: boolean;
}

/** Old key by the stored id as for a read, new key as for a write. The packed bytes are wrapped whole, version label included. */
export async function rewrapEnvelope(
  policy: EncryptionPolicy,
  text: string,
  context: RewrapContext,
): Promise<Rewrapped> {
  const { operation, target, force = false } = context;
  const stored = parseEncryptionData(text);
  assertFinished(stored);
  const protocol = storedProtocol(stored.protocol, stored.algorithm);
  const newKey = await keyToWrap(policy, context);
  if (newKey.keyId === stored.wrappedKey.keyId && !force) {
    await assertKeyAllowed(policy, newKey.keyId, target);
    return { keyId: newKey.keyId, text: null };
  }

  const oldKey = await keyToUnwrap(policy, stored.wrappedKey.keyId, context);
  const packed = await keysOf(policy).unwrap({ key: oldKey, target, operation }, stored.wrappedKey);
  try {
    wipe(protocol.unpackKey(packed));
    const wrappedKey = await keysOf(policy).wrap({ key: newKey, target, operation }, packed);
    await assertKeyAllowed(policy, wrappedKey.keyId, target);
    return { keyId: wrappedKey.keyId, text: replaceWrappedKey(text, wrappedKey) };
  } finally {
    wipe(packed);
  }
}
