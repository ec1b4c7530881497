/** What a module decided: which version new content is written in, with which keys, and whether plaintext may be read. */
import { PlaintextNotAllowedError } from '../errors/content.js';
import type {
  KeyEncryptionKey,
  KeyEncryptionKeySelector,
  KeyPredicate,
  KeyResolver,
} from '../keys/key-encryption-key.js';
import type { KeyVaultKeys } from '../keys/vault/key-vault-keys.js';
import type { ProtocolVersion } from '../protocol/registry.js';
import type { ReadFailureListener } from './read-failure.js';
import type { IntegrityOptions } from './integrity/integrity-options.js';
import type { KeyCallOptions } from './key-call-options.js';
import { type KeyCalls, PolicyKeys } from './policy-keys.js';

/** A policy whose options have been checked. Services and clients hold one; feature modules may hold another. */
export interface EncryptionPolicy extends KeyCallOptions, IntegrityOptions {
  readonly protocol: ProtocolVersion;
  /** Bytes of plaintext in a region; read by 2.1 alone. */
  readonly regionLength?: number;
  readonly keyEncryptionKey?: KeyEncryptionKey | KeyEncryptionKeySelector;
  readonly keyResolver?: KeyResolver;
  /** Keys in a vault: one writes where there is no `keyEncryptionKey`, and all read before `keyResolver` is asked. */
  readonly keyVault?: KeyVaultKeys;
  /** Which keys may read and write a target; all may where there is none. */
  readonly allowKey?: KeyPredicate;
  readonly requireEncryption: boolean;
  /**
   * The bound on calls to keys and the cache, for policies that share them. Without it `keyConcurrency` and `unwrapCache` of this
   * object count, for all clients that are given this same object.
   */
  readonly keys?: KeyCalls;
  /** Told of sealed content that could not be opened, beside the error that the caller gets; for a log. */
  readonly onReadFailed?: ReadFailureListener;
}

/** Throws {@link PlaintextNotAllowedError} where the policy requires encryption; `what` names the thing, not its content. */
export function assertPlaintextAllowed(policy: EncryptionPolicy, what: string): void {
  if (policy.requireEncryption) throw new PlaintextNotAllowedError(what);
}

/** For policies that were written by hand without `keys`. */
const keysOfPolicies = new WeakMap<EncryptionPolicy, PolicyKeys>();

/** The calls to keys of a policy: its own `keys`, or else some that are made from its options when they are first needed. */
export function keysOf(policy: EncryptionPolicy): KeyCalls {
  if (policy.keys !== undefined) return policy.keys;
  const keys = keysOfPolicies.get(policy) ?? new PolicyKeys(policy);
  keysOfPolicies.set(policy, keys);
  return keys;
}
