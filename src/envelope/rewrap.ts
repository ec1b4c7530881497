/** Rewrap: the same content key under another KEK. Content and all other members of the encryption data remain unchanged. */
import { isAbort } from '../aborts.js';
import { equalBytes } from '../crypto/bytes.js';
import { wipe } from '../crypto/content-key.js';
import { InvalidOptionsError } from '../errors/input.js';
import { KeyWrapError } from '../errors/keys.js';
import type { KeyEncryptionKey, WrappedKey } from '../keys/key-encryption-key.js';
import { storedProtocol } from '../protocol/registry.js';
import { type EncryptionData, parseEncryptionData } from '../wire/encryption-data.js';
import { assertFinished } from '../wire/unfinished-upload.js';
import { isKeyOutage } from './content-fault.js';
import { type EncryptionPolicy, keysOf } from './encryption-policy.js';
import type { EnvelopeContext } from './envelope.js';
import { assertKeyAllowed, keyToUnwrap, keyToWrap } from './key-choice.js';

/** The result of a rewrap. */
export interface RewrapResult {
  /** Id of the key that wraps the content key now. */
  readonly keyId: string;
  /** `false` if that key already wrapped it and `force` was not set. */
  readonly changed: boolean;
}

export interface Rewrapped {
  readonly keyId: string;
  /** The new text of the encryption data, or `null` if the key that writes wraps it already. */
  readonly text: string | null;
}

export interface RewrapContext extends EnvelopeContext {
  /** Wraps again even if the key that writes wraps it already. */
  readonly force?: boolean;
  /** Pairs of keys that are known to be different. The first rewrap between two keys checks this. */
  readonly distinctKeys?: Set<string>;
}

/**
 * Finds the old key by the stored id, as a read does, and the new key as a write does. The packed bytes are wrapped unchanged,
 * including the version label.
 */
export async function rewrapEnvelope(
  policy: EncryptionPolicy,
  text: string,
  context: RewrapContext,
): Promise<Rewrapped> {
  const stored = parseEncryptionData(text);
  const { keyId, wrappedKey } = await rewrapData(policy, stored, context);
  return { keyId, text: wrappedKey === null ? null : stored.rewrapped(wrappedKey) };
}

/** The same for parsed encryption data. `wrappedKey` is `null` if the key that writes wraps it already. */
export async function rewrapData(
  policy: EncryptionPolicy,
  stored: EncryptionData,
  context: RewrapContext,
): Promise<{ readonly keyId: string; readonly wrappedKey: WrappedKey | null }> {
  const { operation, target, force = false } = context;
  assertFinished(stored);
  const protocol = storedProtocol(stored.protocol, stored.algorithm);
  const newKey = await keyToWrap(policy, context);
  if (newKey.keyId === stored.wrappedKey.keyId && !force) {
    await assertKeyAllowed(policy, newKey.keyId, target);
    return { keyId: newKey.keyId, wrappedKey: null };
  }

  const oldKey = await keyToUnwrap(policy, stored.wrappedKey.keyId, context);
  const packed = await keysOf(policy).unwrap({ key: oldKey, target, operation }, stored.wrappedKey);
  try {
    wipe(protocol.unpackKey(packed));
    await assertDistinct(policy, { wrappedKey: stored.wrappedKey, newKey, packed }, context);
    const wrappedKey = await keysOf(policy).wrap({ key: newKey, target, operation }, packed);
    await assertKeyAllowed(policy, wrappedKey.keyId, target);
    await assertUnwraps(policy, { wrappedKey, newKey, packed }, context);
    return { keyId: wrappedKey.keyId, wrappedKey };
  } finally {
    wipe(packed);
  }
}

interface UnwrapTrial {
  readonly wrappedKey: WrappedKey;
  readonly newKey: KeyEncryptionKey;
  /** The bytes that were, or will be, wrapped. */
  readonly packed: Uint8Array;
}

/**
 * Unwraps what was just wrapped, because it replaces the only copy of the content key. Not for a key that can only wrap.
 *
 * @throws {@link KeyWrapError} if the result differs
 */
async function assertUnwraps(policy: EncryptionPolicy, trial: UnwrapTrial, context: RewrapContext): Promise<void> {
  if (trial.newKey.canUnwrap === false) return;
  const { isSame, cause } = await unwrapped(policy, trial, context);
  if (!isSame) throw new KeyWrapError(trial.newKey.keyId, { cause });
}

/** An old key under a new id would be retired in name only. A key that opens what the old one wrapped is the old one. */
async function assertDistinct(policy: EncryptionPolicy, trial: UnwrapTrial, context: RewrapContext): Promise<void> {
  const { newKey, wrappedKey } = trial;
  const { keyId } = wrappedKey;
  const { distinctKeys } = context;
  const pair = JSON.stringify([keyId, newKey.keyId]);
  if (distinctKeys === undefined || distinctKeys.has(pair) || newKey.canUnwrap === false) return;
  const { isSame } = await unwrapped(policy, trial, context);
  if (isSame) {
    throw new InvalidOptionsError([
      `key ${JSON.stringify(newKey.keyId)} is key ${JSON.stringify(keyId)} under another id: create a new key`,
    ]);
  }
  distinctKeys.add(pair);
}

/** Whether the new key unwraps what is wrapped to the same bytes; otherwise why not. Throws key outages and aborts. */
async function unwrapped(
  policy: EncryptionPolicy,
  { wrappedKey, newKey, packed }: UnwrapTrial,
  { operation, target }: RewrapContext,
): Promise<{ readonly isSame: boolean; readonly cause: unknown }> {
  try {
    const bytes = await keysOf(policy).withoutCache().unwrap({ key: newKey, target, operation }, wrappedKey);
    const isSame = equalBytes(bytes, packed);
    wipe(bytes);
    return { isSame, cause: new Error('The key does not unwrap what it wrapped') };
  } catch (error) {
    if (isKeyOutage(error) || isAbort(error)) throw error;
    return { isSame: false, cause: error };
  }
}
