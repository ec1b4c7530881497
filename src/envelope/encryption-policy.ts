/** What a module decided: which version new content is written in, with which keys, and whether plaintext may be read. */
import { PlaintextNotAllowedError } from '../errors/content.js';
import type {
  EncryptionTarget,
  KeyEncryptionKey,
  KeyEncryptionKeySelector,
  KeyPredicate,
  KeyResolver,
} from '../keys/key-encryption-key.js';
import type { ContentForm, Protocol } from '../protocol/protocol.js';
import { protocolFor, type ProtocolVersion } from '../protocol/registry.js';
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

/**
 * The version that new content of this kind is written in: the policy's, but entities exist in 1.0 only, and messages have no
 * use for a region length, so 2.1 writes them as 2.0, which more readers know.
 */
export function protocolToWrite(policy: EncryptionPolicy, target: EncryptionTarget['kind']): Protocol {
  if (target === 'table') return protocolFor('1.0');
  if (target === 'queue' && policy.protocol === '2.1') return protocolFor('2.0');
  return protocolFor(policy.protocol);
}

/** Throws before any request if the policy's version cannot write that form of content. */
export function assertWritable(policy: EncryptionPolicy, target: EncryptionTarget['kind'], form: ContentForm): void {
  protocolToWrite(policy, target).assertWrites(form);
}

/** Throws {@link PlaintextNotAllowedError} where the policy requires encryption; `what` names the thing, not its content. */
export function assertPlaintextAllowed(policy: EncryptionPolicy, what: string): void {
  if (policy.requireEncryption) throw new PlaintextNotAllowedError(what);
}
