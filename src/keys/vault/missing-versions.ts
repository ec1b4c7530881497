/**
 * Why a vault does not know a stored version of a key. The id is stored with the data, so anyone who can write to storage can
 * invent a version. That is a fault of the object, while a deleted key is an outage:
 *
 *     the key     the version     means
 *     exists      is missing      the key never had this version
 *     otherwise                   the key is gone, or this cannot be determined
 *
 * A version cannot be deleted while its key stays. Both are looked up, the version last, because the key may have been recovered
 * after the answer that led here.
 */
import { LRUCache } from 'lru-cache';
import { unlessAborted } from '../../aborts.js';
import { KeyDeletedError, KeyDisabledError } from '../../errors/keys.js';
import type { KeyOperationOptions } from '../key-encryption-key.js';
import type { KeyVaultVersionId } from './key-id.js';

/** Requests a key or a version of it from the vault; rejects with an error of this package. */
type KeyLookup = (id: KeyVaultVersionId, options: { readonly version?: string }) => Promise<unknown>;

/** Number of ids for which the answer is remembered. */
const REMEMBERED = 1000;
const INVENTED_AGE = 5 * 60 * 1000;
/** Milliseconds for which any other answer is reused: it may change soon, but an outage must not cause a flood of requests. */
const OTHER_AGE = 1000;

export class MissingVersions {
  readonly #answers: LRUCache<string, Promise<boolean>>;

  constructor(
    private readonly lookUp: KeyLookup,
    clock: { now(): number } = performance,
  ) {
    this.#answers = new LRUCache({ max: REMEMBERED, ttl: INVENTED_AGE, ttlResolution: 0, perf: clock });
  }

  /** Whether the key exists but never had this version; `false` also if this cannot be determined. Callers share the requests. */
  async isInvented(id: KeyVaultVersionId, { abortSignal }: KeyOperationOptions = {}): Promise<boolean> {
    return unlessAborted(this.#answers.get(id.keyId) ?? this.#ask(id), abortSignal);
  }

  #ask(id: KeyVaultVersionId): Promise<boolean> {
    const answer = this.#compare(id);
    this.#answers.set(id.keyId, answer);
    void answer.then((isInvented) => {
      this.#answers.set(id.keyId, answer, { ttl: isInvented ? INVENTED_AGE : OTHER_AGE });
    });
    return answer;
  }

  async #compare(id: KeyVaultVersionId): Promise<boolean> {
    if ((await this.#exists(id, {})) !== true) return false;
    return (await this.#exists(id, { version: id.version })) === false;
  }

  /** `undefined` if the vault does not say. */
  async #exists(id: KeyVaultVersionId, options: { readonly version?: string }): Promise<boolean | undefined> {
    try {
      await this.lookUp(id, options);
      return true;
    } catch (error) {
      if (error instanceof KeyDisabledError) return true;
      return error instanceof KeyDeletedError ? false : undefined;
    }
  }
}
