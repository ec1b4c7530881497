/** The policy that reads what is about to be encrypted again: everything that is stored, where the policy of the application is stricter. */
import { PROTOCOL_VERSIONS } from '../../protocol/registry.js';
import { type EncryptionPolicy, keysOf } from '../encryption-policy.js';
import type { StoredState } from './stored-state.js';

/** Plaintext is read only where the object was listed as plaintext: an encrypted one that lost its encryption data is not. */
export const readingPolicy = (policy: EncryptionPolicy, state: StoredState): EncryptionPolicy => ({
  ...policy,
  keys: keysOf(policy),
  readProtocols: PROTOCOL_VERSIONS,
  requireEncryption: state.kind !== 'plain',
  ...(policy.integrity === 'require' ? { integrity: 'verify' } : {}),
});

/** The policy that opens what was just sealed, as a reader will: every unwrap asks the key. */
export const checkingPolicy = (policy: EncryptionPolicy): EncryptionPolicy => ({
  ...policy,
  keys: keysOf(policy).withoutCache(),
  requireEncryption: true,
});
