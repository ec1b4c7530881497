/** The part of `@azure/keyvault-keys` that is used. The package is an optional peer: it is loaded only if `keyVault` is set. */
import type { TokenCredential } from '@azure/core-auth';
import type { CommonClientOptions } from '@azure/core-client';
import { notInstalled } from '../../option-rules.js';
import type { KeyOperationOptions } from '../key-encryption-key.js';
import type { CryptographyClientLike } from './cryptography-client.js';

/** What a vault returns for one version of a key. */
export interface VaultKey {
  readonly id?: string | undefined;
  readonly name: string;
  readonly keyType?: string | undefined;
  readonly keyOperations?: readonly string[] | undefined;
  readonly key?: { readonly n?: Uint8Array | undefined; readonly e?: Uint8Array | undefined } | undefined;
  readonly properties: VaultKeyProperties;
}

/** The state of one version of a key. */
export interface VaultKeyProperties {
  readonly version?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly expiresOn?: Date | undefined;
  readonly notBefore?: Date | undefined;
  readonly createdOn?: Date | undefined;
  /** Begins with `Purgeable` if there is no purge protection: then a deleted key can be destroyed at once. */
  readonly recoveryLevel?: string | undefined;
}

/** The part of `KeyClient` that is used. */
export interface KeyClientLike {
  /**
   * A version of a key, the newest one unless `version` names another. Rejects with a status code if the vault rejects the
   * request.
   */
  getKey(name: string, options?: KeyOperationOptions & { readonly version?: string }): Promise<VaultKey>;
  /** The states of all versions of a key. */
  listPropertiesOfKeyVersions(name: string, options?: KeyOperationOptions): AsyncIterable<VaultKeyProperties>;
}

/** Options of the SDK's clients: `httpClient`, `retryOptions`, `additionalPolicies` and others. */
export type KeyVaultClientOptions = CommonClientOptions & {
  readonly serviceVersion?: string;
  readonly disableChallengeResourceVerification?: boolean;
};

/** The classes of `@azure/keyvault-keys` that are used. */
export interface KeyVaultSdk {
  readonly KeyClient: new (vaultUrl: string, credential: TokenCredential, options: object) => KeyClientLike;
  readonly CryptographyClient: new (
    key: { readonly id: string; readonly name: string; readonly properties: object },
    credential: TokenCredential,
    options: object,
  ) => CryptographyClientLike;
}

const PACKAGE = '@azure/keyvault-keys';

/** @throws `INVALID_OPTIONS` if the package is not installed. */
export async function loadKeyVaultSdk(): Promise<KeyVaultSdk> {
  const fault = `the option "keyVault" needs the package ${PACKAGE}: install it with "npm install ${PACKAGE}"`;
  return (await import('@azure/keyvault-keys').catch(notInstalled(fault))) as unknown as KeyVaultSdk;
}
