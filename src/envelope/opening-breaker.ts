/**
 * Keeps content that nothing verifies, 1.0 without integrity entries, from answering one guess after another: whoever changes it and
 * watches reads succeed or fail finds its plaintext out, byte by byte. After 16 failed openings under one wrapped key in an hour no
 * cipher is touched for content under it until the hour is over. Counted in one process: another one has its own count.
 */
import { LRUCache, type Perf } from 'lru-cache';
import { sha256 } from '../crypto/bytes.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import { LockedOutError } from '../errors/integrity.js';
import type { ContentOpener } from '../protocol/protocol.js';
import type { StoredWrappedKey } from '../wire/encryption-data.js';
import { watchOpener } from './watched-opener.js';

/** Failed openings of content under one wrapped key, within {@link PERIOD}. */
const MOST_FAILURES = 16;
/** Milliseconds from the first failure on. */
const PERIOD = 60 * 60 * 1000;
/** Wrapped keys that are counted; storage decides how many there are. */
const MAX_KEYS = 10_000;

const nameOf = ({ encryptedKey }: Pick<StoredWrappedKey, 'encryptedKey'>): string =>
  sha256(encryptedKey).toString('base64');

type WrappedBytes = Pick<StoredWrappedKey, 'keyId' | 'encryptedKey'>;

export class OpeningBreaker {
  /** By the bytes of a wrapped key, whatever it is called. */
  private readonly failures: LRUCache<string, number>;

  constructor(clock: Perf = performance) {
    this.failures = new LRUCache({ max: MAX_KEYS, ttl: PERIOD, ttlResolution: 0, noUpdateTTL: true, perf: clock });
  }

  /** Throws {@link LockedOutError} while too much has failed under the wrapped key. */
  assertOpen({ keyId, encryptedKey }: WrappedBytes): void {
    const failures = this.failures.get(nameOf({ encryptedKey })) ?? 0;
    if (failures >= MOST_FAILURES) throw new LockedOutError(keyId);
  }

  /**
   * The same opener, whose failure is counted, once, and which opens nothing more when there were too many: reads that began
   * before count as well. Throws {@link LockedOutError}.
   */
  watched(opener: ContentOpener, wrappedKey: WrappedBytes): ContentOpener {
    this.assertOpen(wrappedKey);
    const name = nameOf(wrappedKey);
    let isCounted = false;
    return watchOpener(opener, {
      begins: () => {
        this.assertOpen(wrappedKey);
      },
      failed: (error) => {
        if (isCounted || !isEncryptedStorageError(error) || error.code !== 'DECRYPTION_FAILED') return;
        isCounted = true;
        this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
      },
    });
  }

  /** Forgets every failure. */
  reset(): void {
    this.failures.clear();
  }
}

/** The one of this process. */
export const processBreaker = new OpeningBreaker();
