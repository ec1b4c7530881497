/**
 * Keeps unverified content (1.0 without integrity entries) from answering one guess after another. Someone who changes it and
 * watches which reads succeed can find its plaintext byte by byte. After 16 failed openings under one wrapped key in an hour, no
 * content under it is decrypted until the hour is over. Each process counts separately.
 */
import { LRUCache, type Perf } from 'lru-cache';
import { sha256 } from '../crypto/bytes.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import { LockedOutError } from '../errors/integrity.js';
import type { ContentOpener } from '../protocol/protocol.js';
import type { StoredWrappedKey } from '../wire/encryption-data.js';
import type { EnvelopeOpener } from './integrity/property-coverage.js';
import { watchOpener } from './watched-opener.js';

/** Number of failed openings of content under one wrapped key within {@link PERIOD}. */
const MOST_FAILURES = 16;
/** Milliseconds from the first failure. */
const PERIOD = 60 * 60 * 1000;
/** Maximum number of wrapped keys that are counted, because stored content determines how many there are. */
const MAX_KEYS = 10_000;

export class OpeningBreaker {
  /** By the bytes of a wrapped key, regardless of its id. */
  private readonly failures: LRUCache<string, number>;

  constructor(clock: Perf = performance) {
    this.failures = new LRUCache({ max: MAX_KEYS, ttl: PERIOD, ttlResolution: 0, noUpdateTTL: true, perf: clock });
  }

  /**
   * The same opener, but a failure is counted, once, and after too many failures it opens nothing more. Reads that began earlier
   * count too. Throws {@link LockedOutError}.
   */
  watched(
    opener: ContentOpener,
    { keyId, encryptedKey }: Pick<StoredWrappedKey, 'keyId' | 'encryptedKey'>,
  ): EnvelopeOpener {
    const name = sha256(encryptedKey).toString('base64');
    const begins = (): void => {
      if ((this.failures.get(name) ?? 0) >= MOST_FAILURES) throw new LockedOutError(keyId);
    };
    begins();
    let isCounted = false;
    return watchOpener(opener, {
      begins,
      failed: (error) => {
        if (isCounted || !isEncryptedStorageError(error) || error.code !== 'DECRYPTION_FAILED') return;
        isCounted = true;
        this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
      },
    });
  }

  /** Forgets every failure. For tests, where each of many damaged inputs under one key has to reach the cipher. */
  reset(): void {
    this.failures.clear();
  }
}

export const processBreaker = new OpeningBreaker();
