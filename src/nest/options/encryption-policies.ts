/** From options to policies: what a service or a feature leaves out comes from the level above. */
import type { OnApplicationShutdown } from '@nestjs/common';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import type { PolicyKeys } from '../../envelope/policy-keys.js';
import { readingOnly } from '../../keys/vault/key-vault-options.js';
import { refuse } from '../../option-rules.js';
import { KeyRing } from '../../keys/key-ring.js';
import type { KeyResolver } from '../../keys/key-encryption-key.js';
import { warnOfMissingIntegrity, warnOfReadFailure } from './failure-log.js';
import type { EncryptedStorageKeys } from './encrypted-storage-keys.js';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from './encrypted-storage.options.js';
import { choosesRegions, regionFaults } from './encryption-rules.js';
import { checkOptions } from './options-check.js';

export type ServiceKind = 'blob' | 'queue' | 'table';

/** A later level overrides an earlier one, member by member. A member that is `undefined` keeps the value from above. */
function mergeEncryption(
  root: EncryptionOptions,
  ...levels: readonly (Partial<EncryptionOptions> | undefined)[]
): EncryptionOptions {
  return levels.reduce<EncryptionOptions>(
    (merged, level) => ({ ...withoutWriter(merged, level ?? {}), ...defined(level ?? {}) }),
    root,
  );
}

/** If a level has a writing key of one kind, it replaces an inherited one of the other kind, which from then on only reads. */
function withoutWriter(merged: EncryptionOptions, level: Partial<EncryptionOptions>): EncryptionOptions {
  const { keyEncryptionKey, keyVault, ...others } = merged;
  const vault = level.keyEncryptionKey === undefined ? keyVault : keyVault && readingOnly(keyVault);
  return {
    ...others,
    keyEncryptionKey: level.keyVault?.key === undefined ? keyEncryptionKey : undefined,
    keyVault: vault,
  };
}

/** The options that apply to one kind of service, including those of a feature module. */
function encryptionFor(
  options: EncryptedStorageModuleOptions,
  kind: ServiceKind,
  feature?: Partial<EncryptionOptions>,
): EncryptionOptions {
  const merged = mergeEncryption(options.encryption, options[kind]?.encryption, feature);
  if (choosesRegions(merged.protocol)) return merged;
  // an inherited region length has no meaning in a protocol without that choice
  const { regionLength: _unused, ...others } = merged;
  return others;
}

/** One policy for each service. Nest calls the hook of what a provider returns. */
export class EncryptionPolicies implements OnApplicationShutdown {
  constructor(
    readonly blob: EncryptionPolicy,
    readonly queue: EncryptionPolicy,
    readonly table: EncryptionPolicy,
    private readonly keys: ReadonlySet<PolicyKeys>,
  ) {}

  /** Wipes the content keys in memory. Reads in progress continue without them. */
  onApplicationShutdown(): void {
    for (const keys of this.keys) keys.close();
  }
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
  const allKeys = new Set<PolicyKeys>();
  const policyFor = async (kind: ServiceKind): Promise<EncryptionPolicy> => {
    const encryption = checked(kind);
    const own = options[kind]?.encryption;
    const known = shared.get(own);
    if (known !== undefined) return known;
    const keys = vaults.callsOf(encryption);
    const policy = await toPolicy(encryption, keys, vaults);
    allKeys.add(keys);
    shared.set(own, policy);
    return policy;
  };
  // one after the other, because they share what the first one created
  const blob = await policyFor('blob');
  const queue = await policyFor('queue');
  return new EncryptionPolicies(blob, queue, await policyFor('table'), allKeys);
}

/** Checked options, in the form that the services use. */
async function toPolicy(
  { keyResolver, keyVault, requireEncryption = true, ...others }: EncryptionOptions,
  keys: PolicyKeys,
  vaults: EncryptedStorageKeys,
): Promise<EncryptionPolicy> {
  return {
    ...others,
    requireEncryption,
    keys,
    onReadFailed: warnOfReadFailure,
    onIntegrityMissing: warnOfMissingIntegrity,
    keyVault: keyVault && (await vaults.vaultOf(keyVault)),
    keyResolver: keyResolver && toResolver(keyResolver),
  };
}

function toResolver(keyResolver: NonNullable<EncryptionOptions['keyResolver']>): KeyResolver {
  return typeof keyResolver === 'function' ? keyResolver : new KeyRing(keyResolver).resolve;
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
