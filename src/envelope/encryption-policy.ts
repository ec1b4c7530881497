/** The decisions of a module: in which version new content is written, with which keys, and whether plaintext may be read. */
import { PlaintextNotAllowedError } from '../errors/content.js';
import { isObject, must, refuse } from '../option-rules.js';
import type {
  KeyEncryptionKey,
  KeyEncryptionKeySelector,
  KeyPredicate,
  KeyResolver,
} from '../keys/key-encryption-key.js';
import type { KeyVaultKeys } from '../keys/vault/key-vault-keys.js';
import type { SearchKeys, SearchKeysSelector } from '../keys/search-keys.js';
import type { ProtocolVersion } from '../protocol/registry.js';
import type { ReadFailureListener, UnverifiedReadListener } from './read-failure.js';
import type { IntegrityOptions } from './integrity/integrity-options.js';
import type { KeyCallOptions } from './key-call-options.js';
import { type KeyCalls, PolicyKeys } from './policy-keys.js';

/** A policy with checked options. Services and clients have one, and feature modules may have another. */
export interface EncryptionPolicy extends KeyCallOptions, IntegrityOptions {
  readonly protocol: ProtocolVersion;
  /** Bytes of plaintext in a region; used only by 2.1. */
  readonly regionLength?: number;
  readonly keyEncryptionKey?: KeyEncryptionKey | KeyEncryptionKeySelector;
  readonly keyResolver?: KeyResolver;
  /** Keys in a vault. One writes if there is no `keyEncryptionKey`, and all of them read, before `keyResolver` is called. */
  readonly keyVault?: KeyVaultKeys;
  /** Which keys may read and write a target. Without it, all may. */
  readonly allowKey?: KeyPredicate;
  /** Only `false` allows plaintext in storage. */
  readonly requireEncryption: boolean;
  /** The keys for the tags by which rows are found. Classes with searchable properties need them. */
  readonly searchKeys?: SearchKeys | SearchKeysSelector;
  /**
   * The limit on calls to keys and the cache, for policies that share them. Without it, `keyConcurrency` and `unwrapCache` of
   * this object apply, for all clients that get this same object.
   */
  readonly keys?: KeyCalls;
  /** Called with sealed content that could not be opened, in addition to the error that the caller gets. Use it for a log. */
  readonly onReadFailed?: ReadFailureListener;
  /** Called if content is read whose integrity entries were removed, which only happens while `integrity` is `'off'`. For a log. */
  readonly onIntegrityMissing?: UnverifiedReadListener;
}

const POLICY = must(isObject, 'an object with "protocol", "keyEncryptionKey" and "requireEncryption"');

/** Throws {@link InvalidOptionsError} if a client gets no policy, where types are not checked. */
export function assertPolicy(policy: unknown): void {
  refuse(POLICY.faults(policy, 'policy'));
}

/** Only `false` allows plaintext. A policy in JavaScript may lack the member, or have it misspelt. */
export const requiresEncryption = ({ requireEncryption }: Pick<EncryptionPolicy, 'requireEncryption'>): boolean =>
  (requireEncryption as unknown) !== false;

/** Throws {@link PlaintextNotAllowedError} if the policy requires encryption. `what` names the object, not its content. */
export function assertPlaintextAllowed(policy: EncryptionPolicy, what: string): void {
  if (requiresEncryption(policy)) throw new PlaintextNotAllowedError(what);
}

/**
 * A policy with some members changed. It reads the others from the given policy, where they may be methods or accessors of a
 * class.
 */
export const policyWith = (
  policy: EncryptionPolicy,
  changes: { readonly [Name in keyof EncryptionPolicy]?: EncryptionPolicy[Name] | undefined },
): EncryptionPolicy =>
  // an empty target, because the members of a frozen target could not be replaced
  new Proxy({} as EncryptionPolicy, {
    has: (_target, name) => name in changes || name in policy,
    get: (_target, name) => {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name) as unknown;
      // with the policy as `this`, since it may have private members
      const value: unknown = Reflect.get(policy, name, policy);
      return typeof value === 'function' ? (value.bind(policy) as unknown) : value;
    },
  });

/** For policies that were written without `keys`. */
const keysOfPolicies = new WeakMap<EncryptionPolicy, PolicyKeys>();

/** The calls to keys of a policy: its own `keys`, or else an object that is made from its options when first needed. */
export function keysOf(policy: EncryptionPolicy): KeyCalls {
  if (policy.keys !== undefined) return policy.keys;
  const keys = keysOfPolicies.get(policy) ?? new PolicyKeys(policy);
  keysOfPolicies.set(policy, keys);
  return keys;
}
