/** Checks the policy of a user's own module, which TypeScript has not seen: a misspelt `allowKey` would silently have no effect. */
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { INTEGRITY } from '../envelope/integrity/integrity-options.js';
import { KEY_CALLS } from '../envelope/key-call-options.js';
import {
  callable,
  choice,
  flag,
  isObject,
  type LooseOptions,
  memberFaults,
  must,
  object,
  type RulesOf,
  wholeNumber,
} from '../option-rules.js';
import { MAX_REGION_LENGTH } from '../protocol/protocol.js';
import { PROTOCOL_VERSIONS } from '../protocol/registry.js';

const objectOrFunction = must((value) => isObject(value) || typeof value === 'function', 'an object or a function');

const POLICY: RulesOf<EncryptionPolicy> = {
  protocol: choice(PROTOCOL_VERSIONS),
  regionLength: wholeNumber(1, MAX_REGION_LENGTH, ' bytes'),
  keyEncryptionKey: objectOrFunction,
  keyResolver: must((value) => typeof value === 'function', 'a function, such as "resolve" of a KeyRing'),
  keyVault: object,
  allowKey: callable,
  requireEncryption: flag,
  searchKeys: objectOrFunction,
  keys: object,
  onReadFailed: callable,
  onIntegrityMissing: callable,
  ...KEY_CALLS,
  ...INTEGRITY,
};

/** Every fault. */
export function policyFaults(policy: LooseOptions): readonly string[] {
  return [
    ...(policy['protocol'] === undefined ? [`"policy.protocol" must be one of ${PROTOCOL_VERSIONS.join(', ')}`] : []),
    ...memberFaults(POLICY, policy, 'policy'),
  ];
}
