/** How a policy calls its keys: how many calls at once, and how long what they unwrapped is kept. Defaults and limits. */

/** How many unwrapped content keys are kept, and for how long. */
export interface UnwrapCacheOptions {
  /**
   * Content keys that are kept at most, 1 to 100,000; the one that was not used for longest goes first.
   *
   * @defaultValue 1,000
   */
  readonly max?: number;
  /**
   * Milliseconds that a content key is kept at most, 1 to 86,400,000, however often it is used.
   *
   * @defaultValue 300,000
   */
  readonly ttl?: number;
}

export type UnwrapCacheBounds = Required<UnwrapCacheOptions>;

/** How keys are called. */
export interface KeyCallOptions {
  /**
   * Calls to keys, wrap and unwrap, that are under way at once over all operations of this policy, 1 to 1,000.
   *
   * @defaultValue 32
   */
  readonly keyConcurrency?: number;
  /**
   * Unwrapped content keys are kept in memory for a while, so that what is read again does not ask its key again. A key that was
   * revoked goes on to read what is kept. `false` keeps nothing. Keys with `cacheUnwraps: false` are always asked, AES keys among
   * them.
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

/** `null` where nothing is kept. */
export function cacheBoundsOf({ unwrapCache = {} }: KeyCallOptions): UnwrapCacheBounds | null {
  if (unwrapCache === false) return null;
  const { max = DEFAULT_CACHE.max, ttl = DEFAULT_CACHE.ttl } = unwrapCache;
  return { max, ttl };
}

/** What is wrong with values that nobody has checked yet; `path` stands before each name. */
export function keyCallFaults(
  { keyConcurrency, unwrapCache }: Readonly<Record<string, unknown>>,
  path: string,
): readonly string[] {
  return [
    ...numberFaults(keyConcurrency, `${path}keyConcurrency`, MAX_CONCURRENCY),
    ...cacheFaults(unwrapCache, `${path}unwrapCache`),
  ];
}

function cacheFaults(given: unknown, path: string): readonly string[] {
  if (given === undefined || given === false) return [];
  if (typeof given !== 'object' || given === null) {
    return [`"${path}" must be false, or an object with "max" and "ttl"`];
  }
  const { max, ttl } = given as Readonly<Record<string, unknown>>;
  return [...numberFaults(max, `${path}.max`, MAX_CACHE.max), ...numberFaults(ttl, `${path}.ttl`, MAX_CACHE.ttl)];
}

function numberFaults(value: unknown, path: string, most: number): readonly string[] {
  if (value === undefined) return [];
  const isFit = Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most;
  return isFit ? [] : [`"${path}" must be a whole number from 1 to ${most}`];
}
