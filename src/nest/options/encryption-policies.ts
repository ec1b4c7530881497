/** From options to policies: what a service or a feature leaves out comes from the level above. */
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import { readingOnly } from '../../keys/vault/key-vault-options.js';
import { givenOptions, refuse } from '../../option-rules.js';
import { KeyRing } from '../../keys/key-ring.js';
import type { KeyResolver } from '../../keys/key-encryption-key.js';
import { warnOfMissingIntegrity, warnOfReadFailure } from './failure-log.js';
import type { EncryptedStorageKeys } from './encrypted-storage-keys.js';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from './encrypted-storage.options.js';
import { choosesRegions, regionFaults } from './encryption-rules.js';
import { checkOptions } from './options-check.js';

export type ServiceKind = 'blob' | 'queue' | 'table';

/** One policy for each service. */
export type EncryptionPolicies = Readonly<Record<ServiceKind, EncryptionPolicy>>;

/**
 * A level overrides the one above, member by member. A member that is `undefined` keeps the value from above. A writing key of
 * one kind replaces an inherited one of the other kind, which from then on only reads.
 */
function overridden(above: EncryptionOptions, level: Partial<EncryptionOptions> = {}): EncryptionOptions {
  const { keyEncryptionKey, keyVault, ...others } = above;
  return {
    ...others,
    keyEncryptionKey: level.keyVault?.key === undefined ? keyEncryptionKey : undefined,
    keyVault: level.keyEncryptionKey === undefined ? keyVault : keyVault && readingOnly(keyVault),
    ...givenOptions(level),
  };
}

/** The options that apply to one kind of service, including those of a feature module. */
function encryptionFor(
  options: EncryptedStorageModuleOptions,
  kind: ServiceKind,
  feature?: Partial<EncryptionOptions>,
): EncryptionOptions {
  const merged = overridden(overridden(options.encryption, options[kind]?.encryption), feature);
  if (choosesRegions(merged.protocol)) return merged;
  // an inherited region length has no meaning in a protocol without that choice
  const { regionLength: _unused, ...others } = merged;
  return others;
}

/**
 * Throws {@link InvalidOptionsError}, because the options of a feature and of the root may be valid separately but invalid
 * together. Services without differences share one policy, and with it the limit on key calls and the cache.
 */
export async function toPolicies(
  options: EncryptedStorageModuleOptions,
  vaults: EncryptedStorageKeys,
  feature?: Partial<EncryptionOptions>,
): Promise<EncryptionPolicies> {
  const checked = (kind: ServiceKind): EncryptionOptions => {
    const encryption = encryptionFor(options, kind, feature);
    if (kind === 'blob') refuse(regionFaults({ ...encryption, regionLength: feature?.regionLength }, 'encryption'));
    checkOptions({ connection: options.connection, encryption });
    return encryption;
  };
  const shared = new Map<unknown, EncryptionPolicy>();
  const policyFor = async (kind: ServiceKind): Promise<EncryptionPolicy> => {
    const encryption = checked(kind);
    const own = options[kind]?.encryption;
    const policy = shared.get(own) ?? (await toPolicy(encryption, vaults));
    shared.set(own, policy);
    return policy;
  };
  // one after the other, because they share what the first one created
  return { blob: await policyFor('blob'), queue: await policyFor('queue'), table: await policyFor('table') };
}

/** Checked options, in the form that the services use. */
async function toPolicy(options: EncryptionOptions, vaults: EncryptedStorageKeys): Promise<EncryptionPolicy> {
  const { keyResolver, keyVault, requireEncryption = true, ...others } = options;
  return {
    ...others,
    requireEncryption,
    keys: vaults.callsOf(options),
    onReadFailed: warnOfReadFailure,
    onIntegrityMissing: warnOfMissingIntegrity,
    keyVault: keyVault && (await vaults.vaultOf(keyVault)),
    keyResolver: keyResolver && toResolver(keyResolver),
  };
}

function toResolver(keyResolver: NonNullable<EncryptionOptions['keyResolver']>): KeyResolver {
  return typeof keyResolver === 'function' ? keyResolver : new KeyRing(keyResolver).resolve;
}
