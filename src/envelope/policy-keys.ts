import type { AbortSignalLike } from '@azure/abort-controller';
import { printable } from '../encoding/printable.js';
import type {
  EncryptionTarget,
  KeyEncryptionKey,
  KeyOperationOptions,
  WrappedKey,
} from '../keys/key-encryption-key.js';
import type { KeyEventListener } from '../keys/key-event.js';
import { startSpan } from '../tracing/span.js';
import { cacheBoundsOf, concurrencyOf, type KeyCallOptions, keyCallFaults } from './key-call-options.js';
import { reported, type ReportedCall, unwrapCall, wrapCall } from './key-call-report.js';
import { requestUnwrap, requestWrap } from './key-request.js';
import { ParallelBound } from './parallel-bound.js';
import { UnwrapCache, type UnwrapCacheStatistics } from './unwrap-cache.js';
import { refuse } from '../option-rules.js';

/** Lists the members one by one: with a spread, a row takes a microsecond more (bench/history.md). */
const requestOptions = (
  target: EncryptionTarget,
  { abortSignal, tracingOptions }: KeyOperationOptions = {},
): KeyOperationOptions => ({ abortSignal, tracingOptions, target });

/** A key, and the context of each call to it. */
export interface KeyCall {
  readonly key: KeyEncryptionKey;
  /** The object that is written or read. */
  readonly target: EncryptionTarget;
  readonly operation?: KeyOperationOptions | undefined;
}

/** How the operations of a policy call its keys. */
export interface KeyCalls {
  /** Maximum number of concurrent calls. */
  readonly concurrency: number;
  /** Wraps packed key bytes. Errors are those of `requestWrap`. */
  wrap(call: KeyCall, packed: Uint8Array): Promise<WrappedKey>;
  /** Unwraps to packed key bytes, which the caller wipes. Errors are those of `requestUnwrap`. */
  unwrap(call: KeyCall, wrapped: WrappedKey): Promise<Uint8Array>;
  /** The same bound without the cache: every unwrap calls its key. For a consumer, which must know whether a key is available. */
  withoutCache(): KeyCalls;
}

/**
 * Calls the keys of a policy. It limits the number of concurrent calls over all operations of all policies that share this object, and
 * makes no call for a content key that is in the cache.
 *
 * @example
 * ```ts
 * import { AesKeyEncryptionKey, type EncryptionPolicy, PolicyKeys } from 'nestjs-azure-encrypted-storage';
 *
 * // without Nest: blobs and queues share one bound and one cache
 * const keys = new PolicyKeys({ keyConcurrency: 8, unwrapCache: { max: 10_000 } });
 * const keyEncryptionKey = AesKeyEncryptionKey.fromBase64('clinic:2026', process.env['CLINIC_KEY'] ?? '');
 *
 * export const blobs: EncryptionPolicy = { protocol: '2.1', keyEncryptionKey, requireEncryption: true, keys };
 * export const queues: EncryptionPolicy = { protocol: '2.0', keyEncryptionKey, requireEncryption: true, keys };
 * ```
 */
export class PolicyKeys implements KeyCalls {
  readonly concurrency: number;
  readonly #bound: ParallelBound;
  readonly #cache: UnwrapCache | null;
  readonly #onEvent: KeyEventListener | undefined;

  /**
   * `onEvent` receives each call to a key and each cache lookup.
   *
   * @throws `INVALID_OPTIONS` for a bound or a cache that is out of range.
   */
  constructor(options: KeyCallOptions = {}, onEvent?: KeyEventListener) {
    refuse(keyCallFaults({ ...options }));
    const bounds = cacheBoundsOf(options);
    this.concurrency = concurrencyOf(options);
    this.#onEvent = onEvent;
    this.#bound = new ParallelBound(this.concurrency);
    this.#cache = bounds === null ? null : new UnwrapCache(bounds);
  }

  wrap({ key, target, operation }: KeyCall, packed: Uint8Array): Promise<WrappedKey> {
    const request = () => requestWrap(key, packed, requestOptions(target, operation));
    return this.#bound.run(
      this.#reporting(request, () => wrapCall(key)),
      operation?.abortSignal,
    );
  }

  unwrap(call: KeyCall, wrapped: WrappedKey): Promise<Uint8Array> {
    const { key, target, operation } = call;
    if (this.#cache === null || key.cacheUnwraps === false) return this.#unwrapNow(call, wrapped);
    const request = (abortSignal: AbortSignalLike): Promise<Uint8Array> => {
      this.#onEvent?.({ kind: 'cacheMiss', keyId: printable(wrapped.keyId) });
      return this.#unwrapNow({ key, target, operation: { ...operation, abortSignal } }, wrapped);
    };
    const onHit = (): void => this.#reportHit(wrapped, operation);
    return this.#cache.unwrap({ key, wrapped, target }, request, { abortSignal: operation?.abortSignal, onHit });
  }

  withoutCache(): KeyCalls {
    const calls: KeyCalls = {
      concurrency: this.concurrency,
      wrap: (call, packed) => this.wrap(call, packed),
      unwrap: (call, wrapped) => this.#unwrapNow(call, wrapped),
      withoutCache: () => calls,
    };
    return calls;
  }

  /** Statistics of the cache; `null` if `unwrapCache` is `false`. */
  get cache(): UnwrapCacheStatistics | null {
    return this.#cache?.statistics ?? null;
  }

  /** Wipes the cached content keys and stops caching. Reads continue without the cache. */
  close(): void {
    this.#cache?.close();
  }

  #unwrapNow({ key, target, operation }: KeyCall, wrapped: WrappedKey): Promise<Uint8Array> {
    const request = () => requestUnwrap(key, wrapped, requestOptions(target, operation));
    return this.#bound.run(
      this.#reporting(request, () => unwrapCall(wrapped)),
      operation?.abortSignal,
    );
  }

  #reporting<Result>(request: () => Promise<Result>, call: () => ReportedCall<Result>): () => Promise<Result> {
    const onEvent = this.#onEvent;
    return onEvent === undefined ? request : () => reported(onEvent, call(), request);
  }

  #reportHit({ keyId, algorithm }: WrappedKey, operation: KeyOperationOptions = {}): void {
    const span = startSpan('KeyEncryptionKey.unwrapKey', operation);
    span.record({ keyId, wrapAlgorithm: algorithm, keyCache: 'hit' });
    span.end();
    this.#onEvent?.({ kind: 'cacheHit', keyId: printable(keyId) });
  }
}
