/** Policies whose keys are in an in-process vault, with a clock that tests control. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AbortSignalLike } from '@azure/abort-controller';
import * as sdk from '@azure/keyvault-keys';
import type { Clock } from '../../src/clock.js';
import type { KeyEvent } from '../../src/keys/key-event.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { openEnvelope } from '../../src/envelope/envelope.js';
import { PolicyKeys } from '../../src/envelope/policy-keys.js';
import { KeyVaultKeys } from '../../src/keys/vault/key-vault-keys.js';
import type { KeyVaultOptions } from '../../src/keys/vault/key-vault-options.js';
import type { KeyVaultSdk } from '../../src/keys/vault/key-vault-sdk.js';
import { VaultPaces } from '../../src/keys/vault/vault-pace.js';
import type { storedData } from './envelopes.js';

export const context = { target: { kind: 'queue', account: 'a', queue: 'q' }, form: 'message' } as const;

/** Quiet turns of the event loop before time advances: pending calls to an in-process vault end in fewer. */
const QUIET_TURNS = 4;

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that advances to the next timer once all callers wait, and when a test advances it. */
export class VaultTime implements Clock {
  passed = 0;
  slept: number[] = [];
  readonly #sleepers: Sleeper[] = [];
  #isAdvancing = false;
  now = (): number => this.passed;
  date = (): number => Date.now() + this.passed;
  after = (milliseconds: number, wake: () => void): (() => void) => {
    this.slept.push(milliseconds);
    this.#sleepers.push({ until: this.passed + milliseconds, wake });
    if (!this.#isAdvancing) void this.#advance();
    return () => undefined;
  };

  /** The number of pending timers. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  async #advance(): Promise<void> {
    this.#isAdvancing = true;
    while (this.#sleepers.length > 0) {
      for (let turn = 0; turn < QUIET_TURNS; turn += 1) await nextTurn();
      this.#sleepers.sort((a, b) => a.until - b.until);
      const next = this.#sleepers.shift();
      this.passed = Math.max(this.passed, next?.until ?? 0);
      next?.wake();
    }
    this.#isAdvancing = false;
  }
}

/** Paces with that clock, without randomness. */
export const pacesOf = (time: VaultTime): VaultPaces => new VaultPaces(time, () => 1);

export function vaultPolicyOf(
  options: KeyVaultOptions,
  time = new VaultTime(),
  { paces = pacesOf(time), ...more }: Partial<EncryptionPolicy> & { readonly paces?: VaultPaces } = {},
) {
  const events: KeyEvent[] = [];
  const onEvent = (event: KeyEvent): void => void events.push(event);
  const keyVault = new KeyVaultKeys(options, sdk as unknown as KeyVaultSdk, { paces, clock: time, onEvent });
  const policy: EncryptionPolicy = {
    protocol: '2.0',
    requireEncryption: true,
    keys: new PolicyKeys({}, onEvent),
    keyVault,
    ...more,
  };
  return { policy, keyVault, time, events };
}

export const opened = async (
  policy: EncryptionPolicy,
  data: Awaited<ReturnType<typeof storedData>>,
  abortSignal?: AbortSignalLike,
): Promise<unknown> =>
  openEnvelope(policy, data, { ...context, ...(abortSignal === undefined ? {} : { operation: { abortSignal } }) });
