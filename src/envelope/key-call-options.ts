/** How a policy calls its keys: how many calls run at once, and how long unwrapped content keys are kept. Defaults and limits. */
import { group, groupFaults, isObject, type LooseOptions, type RulesOf, wholeNumber } from '../option-rules.js';

/** How many unwrapped content keys are kept, and for how long. */
export interface UnwrapCacheOptions {
  /**
   * Maximum number of content keys that are kept, 1 to 100,000. The least recently used one is evicted first.
   *
   * @defaultValue 1,000
   */
  readonly max?: number;
  /**
   * Maximum number of milliseconds that a content key is kept, 1 to 86,400,000, no matter how often it is used.
   *
   * @defaultValue 300,000
   */
  readonly ttl?: number;
}

export type UnwrapCacheBounds = Required<UnwrapCacheOptions>;

/** How keys are called. */
export interface KeyCallOptions {
  /**
   * Maximum number of concurrent calls to keys, wrap and unwrap, over all operations of this policy, 1 to 1,000.
   *
   * @defaultValue 32
   */
  readonly keyConcurrency?: number;
  /**
   * Keeps unwrapped content keys in memory for a while, so that reading something again does not call its key again. After a key
   * is revoked, kept content keys can still be used. `false` keeps nothing. Keys with `cacheUnwraps: false`, such as AES keys,
   * are always called.
   *
   * @defaultValue up to 1,000 content keys for 5 minutes
   */
  readonly unwrapCache?: UnwrapCacheOptions | false;
}

const DEFAULT_CONCURRENCY = 32;
const MAX_CONCURRENCY = 1000;

const DEFAULT_CACHE: UnwrapCacheBounds = { max: 1000, ttl: 5 * 60 * 1000 };
const MAX_CACHE: UnwrapCacheBounds = { max: 100_000, ttl: 24 * 60 * 60 * 1000 };

export const concurrencyOf = ({ keyConcurrency = DEFAULT_CONCURRENCY }: KeyCallOptions): number => keyConcurrency;

/** `null` if nothing is kept. */
export function cacheBoundsOf({ unwrapCache = {} }: KeyCallOptions): UnwrapCacheBounds | null {
  if (unwrapCache === false) return null;
  const { max = DEFAULT_CACHE.max, ttl = DEFAULT_CACHE.ttl } = unwrapCache;
  return { max, ttl };
}

const cache = group<UnwrapCacheOptions>({ max: wholeNumber(1, MAX_CACHE.max), ttl: wholeNumber(1, MAX_CACHE.ttl) });

export const KEY_CALLS: RulesOf<KeyCallOptions> = {
  keyConcurrency: wholeNumber(1, MAX_CONCURRENCY),
  unwrapCache: {
    ...cache,
    faults: (value, path) => {
      if (value === false) return [];
      return isObject(value)
        ? cache.faults(value, path)
        : [`"${path}" must be false, or an object with "max" and "ttl"`];
    },
  },
};

/** The faults of values that have not been checked yet. `given` may have other members too. */
export const keyCallFaults = ({ keyConcurrency, unwrapCache }: LooseOptions): readonly string[] =>
  groupFaults(KEY_CALLS, { keyConcurrency, unwrapCache });
