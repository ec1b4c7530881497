/** The policy that reads content to be encrypted again. It reads all that is stored, even if the application's policy is stricter. */
import { PROTOCOL_VERSIONS } from '../../protocol/registry.js';
import { type EncryptionPolicy, keysOf, policyWith } from '../encryption-policy.js';
import type { StoredState } from './stored-state.js';

/** Allows plaintext only if the object was listed as plaintext, not if it has lost its encryption data since. */
export const readingPolicy = (policy: EncryptionPolicy, state: StoredState): EncryptionPolicy =>
  policyWith(policy, {
    keys: keysOf(policy),
    readProtocols: PROTOCOL_VERSIONS,
    requireEncryption: state.kind !== 'plain',
    ...(policy.integrity === 'require' ? { integrity: 'verify' } : {}),
  });

/** The policy that opens content to prove that the key in its encryption data is the right one. */
export const provingPolicy = (policy: EncryptionPolicy): EncryptionPolicy =>
  checkingPolicy(readingPolicy(policy, { kind: 'damaged' }));

/** The policy that opens what was just sealed, as a reader would: without the cache, every unwrap calls the key. */
export const checkingPolicy = (policy: EncryptionPolicy): EncryptionPolicy =>
  policyWith(policy, { keys: keysOf(policy).withoutCache(), requireEncryption: true });
