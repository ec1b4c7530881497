/** From options to policies: what a service or a feature leaves out comes from the level above. */
import type { OnApplicationShutdown } from '@nestjs/common';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import { PolicyKeys } from '../../envelope/policy-keys.js';
import { readingOnly } from '../../keys/vault/key-vault-options.js';
import { KeyRing } from '../../keys/key-ring.js';
import type { KeyResolver } from '../../keys/key-encryption-key.js';
import { warnOfReadFailure } from './failure-log.js';
import type { EncryptedStorageKeys } from './encrypted-storage-keys.js';
import type { EncryptedStorageModuleOptions, EncryptionOptions } from './encrypted-storage.options.js';
import { choosesRegions, regionFaults } from './encryption-rules.js';
import { checkOptions, refuse } from './options-check.js';

export type ServiceKind = 'blob' | 'queue' | 'table';

/** A later level wins, member by member; a member that is `undefined` leaves the one above. */
export function mergeEncryption(
  root: EncryptionOptions,
  ...levels: readonly (Partial<EncryptionOptions> | undefined)[]
): EncryptionOptions {
  return levels.reduce<EncryptionOptions>(
    (merged, level) => ({ ...withoutWriter(merged, level ?? {}), ...defined(level ?? {}) }),
    root,
  );
}

/** A level that brings a key of the one kind that writes takes the place of one of the other kind, which then only reads. */
function withoutWriter(merged: EncryptionOptions, level: Partial<EncryptionOptions>): EncryptionOptions {
  const { keyEncryptionKey, keyVault, ...others } = merged;
  const vault = level.keyEncryptionKey === undefined ? keyVault : keyVault && readingOnly(keyVault);
  return {
    ...others,
    ...(level.keyVault?.key !== undefined || keyEncryptionKey === undefined ? {} : { keyEncryptionKey }),
    ...(vault === undefined ? {} : { keyVault: vault }),
  };
}

/** The options in force for one kind of service, with what a feature module adds. */
export function encryptionFor(
  options: EncryptedStorageModuleOptions,
  kind: ServiceKind,
  feature?: Partial<EncryptionOptions>,
): EncryptionOptions {
  const merged = mergeEncryption(options.encryption, options[kind]?.encryption, feature);
  if (choosesRegions(merged.protocol)) return merged;
  // a region length that is inherited into a protocol without the choice has no meaning there
  const { regionLength: _unused, ...others } = merged;
  return others;
}

/** One for each service. Nest calls the hook of what a provider gives. */
export class EncryptionPolicies implements OnApplicationShutdown {
  constructor(
    readonly blob: EncryptionPolicy,
    readonly queue: EncryptionPolicy,
    readonly table: EncryptionPolicy,
    private readonly keys: ReadonlySet<PolicyKeys>,
  ) {}

  /** Wipes the content keys that are kept in memory; reads that are still under way go on without them. */
  onApplicationShutdown(): void {
    for (const keys of this.keys) keys.close();
  }
}

/**
 * Throws {@link InvalidOptionsError}: a feature's part and the root's may be right alone and wrong together. Services for which
 * nothing differs share one policy, and with it the bound on calls to keys and the cache.
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
    const keys = new PolicyKeys(encryption);
    const policy = await toPolicy(encryption, keys, vaults);
    allKeys.add(keys);
    shared.set(own, policy);
    return policy;
  };
  // one after the other: they share what the first of them made
  const blob = await policyFor('blob');
  const queue = await policyFor('queue');
  return new EncryptionPolicies(blob, queue, await policyFor('table'), allKeys);
}

/** Options that were checked, as the services take them. */
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
    ...(keyVault === undefined ? {} : { keyVault: await vaults.vaultOf(keyVault) }),
    ...(keyResolver === undefined ? {} : { keyResolver: toResolver(keyResolver) }),
  };
}

function toResolver(keyResolver: NonNullable<EncryptionOptions['keyResolver']>): KeyResolver {
  return typeof keyResolver === 'function' ? keyResolver : new KeyRing(keyResolver).resolve;
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
