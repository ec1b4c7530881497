/** From options to policies: what a service or a feature leaves out comes from the level above. */
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { KeyRing } from '../keys/key-ring.js';
import type { KeyResolver } from '../keys/key-encryption-key.js';
import { warnOfReadFailure } from './failure-log.js';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from './encrypted-storage.options.js';

export type ServiceKind = 'blob' | 'queue' | 'table';

/** A later level wins, member by member; a member that is `undefined` leaves the one above. */
export function mergeEncryption(
  root: EncryptionOptions,
  ...levels: readonly (Partial<EncryptionOptions> | undefined)[]
): EncryptionOptions {
  return levels.reduce<EncryptionOptions>((merged, level) => ({ ...merged, ...defined(level ?? {}) }), root);
}

/** The options in force for one kind of service, with what a feature module adds. */
export function encryptionFor(
  options: EncryptedStorageModuleOptions,
  kind: ServiceKind,
  feature?: Partial<EncryptionOptions>,
): EncryptionOptions {
  const merged = mergeEncryption(options.encryption, options[kind]?.encryption, feature);
  if (merged.protocol === '2.1') return merged;
  // a region length is a choice of 2.1: one that is inherited into another protocol has no meaning there
  const { regionLength: _unused, ...others } = merged;
  return others;
}

/** Options that were checked, as the services take them. */
export function toPolicy(options: EncryptionOptions): EncryptionPolicy {
  const { protocol, keyEncryptionKey, keyResolver, regionLength, requireEncryption = true } = options;
  return {
    protocol,
    requireEncryption,
    onReadFailed: warnOfReadFailure,
    ...(keyEncryptionKey === undefined ? {} : { keyEncryptionKey }),
    ...(keyResolver === undefined ? {} : { keyResolver: toResolver(keyResolver) }),
    ...(regionLength === undefined ? {} : { regionLength }),
  };
}

function toResolver(keyResolver: NonNullable<EncryptionOptions['keyResolver']>): KeyResolver {
  return typeof keyResolver === 'function' ? keyResolver : new KeyRing(keyResolver).resolve;
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
