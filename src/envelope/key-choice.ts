/**
 * Which key writes and which key reads. A read uses the configured key if its id is the stored one, otherwise that of the
 * resolver, whose id must be the stored one. Source: docs/formats.md, "Which key decrypts". Before all of that, and before
 * anything is written, `allowKey` decides whether the key may be used for this target.
 */
import { InvalidOptionsError } from '../errors/input.js';
import {
  KeyMismatchError,
  KeyMissingError,
  KeyNotAllowedError,
  KeyNotFoundError,
  KeyUnavailableError,
} from '../errors/keys.js';
import type { EncryptionTarget, KeyEncryptionKey, KeyOperationOptions } from '../keys/key-encryption-key.js';
import type { EncryptionPolicy } from './encryption-policy.js';
import { isAbort } from '../aborts.js';
import { asKeyError } from './key-error.js';
import { isMalformedKeyId } from '../keys/vault/key-id.js';
import { resourceOf } from './target.js';

/** The key of a single call. */
export interface KeyChoiceOptions {
  /** Key for this call. It writes, and it reads what it wrapped. The policy's keys read everything else. */
  readonly keyEncryptionKey?: KeyEncryptionKey | undefined;
}

/** What the choice of a key depends on. */
interface KeyContext extends KeyChoiceOptions {
  readonly target: EncryptionTarget;
  readonly operation?: KeyOperationOptions | undefined;
}

const SELECTED = '(the key chosen by the keyEncryptionKey function)';

/** The key for a write. Throws {@link KeyMissingError} if there is none: nothing is ever written in plaintext for lack of a key. */
export async function keyToWrap(policy: EncryptionPolicy, context: KeyContext): Promise<KeyEncryptionKey> {
  const key =
    context.keyEncryptionKey ??
    (await policyKey(policy, context.target)) ??
    (policy.keyVault?.canWrite === true ? await policy.keyVault.current(context.operation) : undefined);
  if (key === undefined) throw new KeyMissingError();
  assertIsKey(key, 'wrapKey', sourceOfWriter(policy, context));
  return key;
}

function sourceOfWriter(policy: EncryptionPolicy, { keyEncryptionKey }: KeyChoiceOptions): string {
  const isChosen = keyEncryptionKey === undefined && typeof policy.keyEncryptionKey === 'function';
  return isChosen ? 'what "keyEncryptionKey" returns' : '"keyEncryptionKey"';
}

/**
 * Throws {@link InvalidOptionsError} for anything but a key, which a function or a call may give where types are not checked. The
 * content must not take the blame for that: a consumer would move its message to the poison queue.
 */
function assertIsKey(key: Partial<KeyEncryptionKey>, method: 'wrapKey' | 'unwrapKey', source: string): void {
  // a key class of the user that only reads may have no id
  const hasId = method === 'unwrapKey' || typeof key.keyId === 'string';
  if (hasId && typeof key[method] === 'function') return;
  throw new InvalidOptionsError([`${source} must be a key with keyId, wrapKey and unwrapKey`]);
}

/** The key for a read, by the stored key id. */
export async function keyToUnwrap(
  policy: EncryptionPolicy,
  keyId: string,
  context: KeyContext,
): Promise<KeyEncryptionKey> {
  // before any function can compare a prefix of it
  if (isMalformedKeyId(keyId)) throw new KeyNotFoundError(keyId);
  await assertKeyAllowed(policy, keyId, context.target);
  const isAsked = (key: KeyEncryptionKey | undefined): key is KeyEncryptionKey =>
    key?.keyId === keyId && key.canUnwrap !== false;
  if (isAsked(context.keyEncryptionKey)) return context.keyEncryptionKey;
  const configured = await policyKey(policy, context.target);
  if (isAsked(configured)) return configured;

  const inVault = policy.keyVault?.resolve(keyId) ?? null;
  if (inVault !== null) return inVault;

  const resolved = await lookUp(keyId, () => policy.keyResolver?.(keyId, context.target));
  if (resolved == null) throw new KeyNotFoundError(keyId);
  assertIsKey(resolved, 'unwrapKey', 'what "keyResolver" returns, unless it is null,');
  // one with another id is not the requested key
  if (typeof resolved.keyId === 'string' && resolved.keyId !== keyId) throw new KeyMismatchError(keyId, resolved.keyId);
  return resolved;
}

/**
 * Throws {@link KeyNotAllowedError} unless the policy allows the key with this id for the target, wherever the key comes from.
 */
export function assertKeyAllowed(
  policy: EncryptionPolicy,
  keyId: string,
  target: EncryptionTarget,
): Promise<void> | undefined {
  return policy.allowKey === undefined ? undefined : assertAllowed(policy, keyId, target);
}

async function assertAllowed(policy: EncryptionPolicy, keyId: string, target: EncryptionTarget): Promise<void> {
  const verdict: unknown = await lookUp(keyId, () => policy.allowKey?.(keyId, target));
  if (verdict !== true) throw new KeyNotAllowedError(keyId, resourceOf(target));
}

function policyKey(
  policy: EncryptionPolicy,
  target: EncryptionTarget,
): Promise<KeyEncryptionKey> | KeyEncryptionKey | undefined {
  const { keyEncryptionKey } = policy;
  if (typeof keyEncryptionKey !== 'function') return keyEncryptionKey;
  return lookUp(SELECTED, () => keyEncryptionKey(target));
}

/**
 * The result of a function of the application. If it throws, the key counts as unavailable, unless no key can have such an id.
 */
async function lookUp<Answer>(keyId: string, ask: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (isMalformedKeyId(keyId) && !isAbort(error)) throw new KeyNotFoundError(keyId);
    throw asKeyError(error, { keyId, otherwise: (cause) => new KeyUnavailableError(keyId, { cause }) });
  }
}
