/**
 * The calls to keys of one policy: bounded in number over all its operations, and not made where its cache has the answer.
 */
import type { AbortSignalLike } from '@azure/abort-controller';
import { InvalidOptionsError } from '../errors/input.js';
import type { KeyEncryptionKey, KeyOperationOptions, WrappedKey } from '../keys/key-encryption-key.js';
import type { EncryptionPolicy } from './encryption-policy.js';
import { cacheBoundsOf, concurrencyOf, keyCallFaults } from './key-call-options.js';
import { requestUnwrap, requestWrap } from './key-request.js';
import { ParallelBound } from './parallel-bound.js';
import { UnwrapCache } from './unwrap-cache.js';

/** What the operations of one policy share. */
interface KeyCalls {
  readonly concurrency: number;
  readonly bound: ParallelBound;
  readonly cache: UnwrapCache | null;
}

/** A key, and what goes with each call to it. */
export interface KeyCall {
  readonly policy: EncryptionPolicy;
  readonly key: KeyEncryptionKey;
  readonly operation?: KeyOperationOptions | undefined;
}

/** By the policy object, which anybody may write down: it goes when the policy goes. */
const callsByPolicy = new WeakMap<EncryptionPolicy, KeyCalls>();

export async function wrap({ policy, key, operation }: KeyCall, packed: Uint8Array): Promise<WrappedKey> {
  return keyCallsOf(policy).bound.run(() => requestWrap(key, packed, operation), operation?.abortSignal);
}

/** Unwraps to packed key bytes, which the caller wipes. */
export async function unwrap({ policy, key, operation }: KeyCall, wrapped: WrappedKey): Promise<Uint8Array> {
  const { bound, cache } = keyCallsOf(policy);
  const abortSignal = operation?.abortSignal;
  if (cache === null || key.cacheUnwraps === false) {
    return bound.run(() => requestUnwrap(key, wrapped, operation), abortSignal);
  }
  const request = (signal: AbortSignalLike): Promise<Uint8Array> =>
    bound.run(() => requestUnwrap(key, wrapped, { ...operation, abortSignal: signal }), signal);
  return cache.unwrap({ key, wrapped }, request, abortSignal);
}

/** Contents that are worth sealing or opening side by side: as many as may ask their keys at once. */
export const keyConcurrencyOf = (policy: EncryptionPolicy): number => keyCallsOf(policy).concurrency;

/** Wipes the content keys that the policy's cache holds. It keeps none from now on; reads go on without it. */
export const closeUnwrapCache = (policy: EncryptionPolicy): void => {
  keyCallsOf(policy).cache?.close();
};

function keyCallsOf(policy: EncryptionPolicy): KeyCalls {
  const known = callsByPolicy.get(policy);
  if (known !== undefined) return known;
  // a policy that was written by hand has not been checked before
  const faults = keyCallFaults({ ...policy }, '');
  if (faults.length > 0) throw new InvalidOptionsError(faults);
  const concurrency = concurrencyOf(policy);
  const bounds = cacheBoundsOf(policy);
  const calls = {
    concurrency,
    bound: new ParallelBound(concurrency),
    cache: bounds === null ? null : new UnwrapCache(bounds),
  };
  callsByPolicy.set(policy, calls);
  return calls;
}
