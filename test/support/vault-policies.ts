/** Policies whose keys are in a vault in this process, with a clock that tests move. */
import * as sdk from '@azure/keyvault-keys';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { openEnvelope } from '../../src/envelope/envelope.js';
import { PolicyKeys } from '../../src/envelope/policy-keys.js';
import { KeyVaultKeys } from '../../src/keys/vault/key-vault-keys.js';
import type { KeyVaultOptions } from '../../src/keys/vault/key-vault-options.js';
import type { KeyVaultSdk } from '../../src/keys/vault/key-vault-sdk.js';
import { VaultPaces } from '../../src/keys/vault/vault-pace.js';
import type { storedData } from './envelopes.js';

export const context = { target: { kind: 'queue', account: 'a', queue: 'q' }, form: 'message' } as const;

/** Time that passes where somebody sleeps, and when a test says so. */
export class VaultTime {
  passed = 0;
  slept: number[] = [];
  now = (): number => this.passed;
  date = (): number => Date.now() + this.passed;
  random = (): number => 1;
  sleep = async (milliseconds: number): Promise<void> => {
    this.slept.push(milliseconds);
    this.passed += milliseconds;
  };
}

export function vaultPolicyOf(options: KeyVaultOptions, time = new VaultTime(), more: Partial<EncryptionPolicy> = {}) {
  const paces = new VaultPaces(time);
  const keyVault = new KeyVaultKeys(options, sdk as unknown as KeyVaultSdk, { paces, clock: time });
  const policy: EncryptionPolicy = {
    protocol: '2.0',
    requireEncryption: true,
    keys: new PolicyKeys(),
    keyVault,
    ...more,
  };
  return { policy, keyVault, time };
}

export const opened = async (
  policy: EncryptionPolicy,
  data: Awaited<ReturnType<typeof storedData>>,
): Promise<unknown> => openEnvelope(policy, data, context);
