/** What a module decided: which version new content is written in, with which keys, and whether plaintext may be read. */
import { PlaintextNotAllowedError } from '../errors/content.js';
import type {
  KeyEncryptionKey,
  KeyEncryptionKeySelector,
  KeyPredicate,
  KeyResolver,
} from '../keys/key-encryption-key.js';
import type { ProtocolVersion } from '../protocol/registry.js';
import type { ReadFailureListener } from './read-failure.js';
import type { KeyCallOptions } from './key-call-options.js';

/**
 * A policy whose options have been checked. Services and clients hold one; feature modules may hold another. All that hold the
 * same object share its bound on calls to keys, and its cache.
 */
export interface EncryptionPolicy extends KeyCallOptions {
  readonly protocol: ProtocolVersion;
  /** Bytes of plaintext in a region; read by 2.1 alone. */
  readonly regionLength?: number;
  readonly keyEncryptionKey?: KeyEncryptionKey | KeyEncryptionKeySelector;
  readonly keyResolver?: KeyResolver;
  /** Which keys may read and write a target; all may where there is none. */
  readonly allowKey?: KeyPredicate;
  readonly requireEncryption: boolean;
  /** Told of sealed content that could not be opened, beside the error that the caller gets; for a log. */
  readonly onReadFailed?: ReadFailureListener;
}

/** Throws {@link PlaintextNotAllowedError} where the policy requires encryption; `what` names the thing, not its content. */
export function assertPlaintextAllowed(policy: EncryptionPolicy, what: string): void {
  if (policy.requireEncryption) throw new PlaintextNotAllowedError(what);
}
