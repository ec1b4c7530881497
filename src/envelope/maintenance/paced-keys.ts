/** Limits the rate of a job's calls to keys outside this process, such as keys in a vault, and halves it while they are busy. */
import { isThrottled, statusOf } from '../../service-errors.js';
import type { WrappedKey } from '../../keys/key-encryption-key.js';
import { type EncryptionPolicy, keysOf, policyWith } from '../encryption-policy.js';
import type { KeyCall, KeyCalls } from '../policy-keys.js';

/** The rate of the calls of a process. */
export interface KeyPace {
  take(): Promise<void>;
  slowDown(): void;
}

/** One for each policy, because a step is taken for each object. */
const known = new WeakMap<EncryptionPolicy, { readonly pace: KeyPace; readonly paced: EncryptionPolicy }>();

/** The policy, whose calls to keys keep the pace of a step. */
export function pacedPolicy(policy: EncryptionPolicy, { keyPace }: { readonly keyPace?: KeyPace }): EncryptionPolicy {
  if (keyPace === undefined) return policy;
  const found = known.get(policy);
  if (found?.pace === keyPace) return found.paced;
  const paced = policyWith(policy, { keys: new PacedKeys(keysOf(policy), keyPace) });
  known.set(policy, { pace: keyPace, paced });
  return paced;
}

class PacedKeys implements KeyCalls {
  readonly concurrency: number;

  constructor(
    private readonly calls: KeyCalls,
    private readonly pace: KeyPace,
  ) {
    this.concurrency = calls.concurrency;
  }

  wrap(call: KeyCall, packed: Uint8Array): Promise<WrappedKey> {
    const request = (): Promise<WrappedKey> => this.calls.wrap(call, packed);
    return call.key.wrapsInProcess === true ? request() : this.#paced(request);
  }

  unwrap(call: KeyCall, wrapped: WrappedKey): Promise<Uint8Array> {
    const request = (): Promise<Uint8Array> => this.calls.unwrap(call, wrapped);
    return call.key.unwrapsInProcess === true ? request() : this.#paced(request);
  }

  withoutCache(): KeyCalls {
    return new PacedKeys(this.calls.withoutCache(), this.pace);
  }

  async #paced<Result>(request: () => Promise<Result>): Promise<Result> {
    await this.pace.take();
    try {
      return await request();
    } catch (error) {
      if (isBusy(error) || isBusy((error as Error | undefined)?.cause)) this.pace.slowDown();
      throw error;
    }
  }
}

const isBusy = (error: unknown): boolean => isThrottled(statusOf(error));
