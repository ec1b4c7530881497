/**
 * Which key writes and which key reads. Reading: the configured key if its id is the stored one, otherwise the resolver's, whose
 * id must be the stored one. Source: docs/formats.md, "Which key decrypts". Before all of that, and before anything is written,
 * `allowKey` says whether the key may stand there at all.
 */
import {
  KeyMismatchError,
  KeyMissingError,
  KeyNotAllowedError,
  KeyNotFoundError,
  KeyUnavailableError,
} from '../errors/keys.js';
import type { EncryptionTarget, KeyEncryptionKey, KeyOperationOptions } from '../keys/key-encryption-key.js';
import type { EncryptionPolicy } from './encryption-policy.js';
import { asKeyError, isAbort } from './key-error.js';
import { isMalformedKeyId } from '../keys/vault/key-id.js';
import { resourceOf } from './target.js';

/** The key of a single call. */
export interface KeyChoiceOptions {
  /** Key for this call: it writes, and reads what it wrapped. The policy's keys read everything else. */
  readonly keyEncryptionKey?: KeyEncryptionKey;
}

/** What a choice of key depends on. */
export interface KeyContext extends KeyChoiceOptions {
  readonly target: EncryptionTarget;
  readonly operation?: KeyOperationOptions;
}

const SELECTED = '(the key chosen by the keyEncryptionKey function)';

/** The key for a write; throws {@link KeyMissingError} where there is none: nothing is ever written in clear for want of a key. */
export async function keyToWrap(policy: EncryptionPolicy, context: KeyContext): Promise<KeyEncryptionKey> {
  const key =
    context.keyEncryptionKey ??
    (await policyKey(policy, context.target)) ??
    (policy.keyVault?.canWrite === true ? await policy.keyVault.current(context.operation) : undefined);
  if (key === undefined) throw new KeyMissingError();
  return key;
}

/** The key for a read, by the key id that is stored. */
export async function keyToUnwrap(
  policy: EncryptionPolicy,
  keyId: string,
  context: KeyContext,
): Promise<KeyEncryptionKey> {
  // before anybody compares a prefix of it
  if (isMalformedKeyId(keyId)) throw new KeyNotFoundError(keyId);
  await assertKeyAllowed(policy, keyId, context.target);
  const isAsked = (key: KeyEncryptionKey | undefined): key is KeyEncryptionKey =>
    key?.keyId === keyId && key.canUnwrap !== false;
  if (isAsked(context.keyEncryptionKey)) return context.keyEncryptionKey;
  const configured = await policyKey(policy, context.target);
  if (isAsked(configured)) return configured;

  const inVault = policy.keyVault?.resolve(keyId) ?? null;
  if (inVault !== null) return inVault;

  const resolved = await resolve(policy, keyId, context.target);
  if (resolved === null) throw new KeyNotFoundError(keyId);
  // keys of other makers may have no id at all; one that has another id is not the key that was asked for
  if (typeof resolved.keyId === 'string' && resolved.keyId !== keyId) throw new KeyMismatchError(keyId, resolved.keyId);
  return resolved;
}

/** Throws {@link KeyNotAllowedError} unless the policy lets the key of this id stand there, whoever has brought it. */
export async function assertKeyAllowed(
  policy: EncryptionPolicy,
  keyId: string,
  target: EncryptionTarget,
): Promise<void> {
  if (policy.allowKey === undefined) return;
  const verdict: unknown = await lookUp(keyId, () => policy.allowKey?.(keyId, target));
  if (verdict !== true) throw new KeyNotAllowedError(keyId, resourceOf(target));
}

async function policyKey(policy: EncryptionPolicy, target: EncryptionTarget): Promise<KeyEncryptionKey | undefined> {
  const { keyEncryptionKey } = policy;
  if (typeof keyEncryptionKey !== 'function') return keyEncryptionKey;
  return lookUp(SELECTED, () => keyEncryptionKey(target));
}

async function resolve(
  policy: EncryptionPolicy,
  keyId: string,
  target: EncryptionTarget,
): Promise<KeyEncryptionKey | null> {
  return (await lookUp(keyId, () => policy.keyResolver?.(keyId, target))) ?? null;
}

/** What a function of the application answers. Where it throws, the key is out of reach, unless no key can have such an id. */
async function lookUp<Answer>(keyId: string, ask: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (isMalformedKeyId(keyId) && !isAbort(error)) throw new KeyNotFoundError(keyId);
    throw asKeyError(error, { keyId, otherwise: (cause) => new KeyUnavailableError(keyId, { cause }) });
  }
}
