/**
 * Unwrapped key bytes that are kept for a while, so that reading content again does not call its key again. Entries are found by
 *
 *     key object, key id, wrap algorithm, wrapped bytes, target          and each policy has its own cache
 *
 * The object counts because an id alone proves nothing: two tenants may give their keys the same id, and one must not read with
 * what the other unwrapped. The target counts because a key may authenticate it: for content that was copied elsewhere, the key
 * has to be called. The cache is limited in number and time, and bytes are wiped when they leave. Failures are never cached.
 */
import type { AbortSignalLike } from '@azure/abort-controller';
import { throwIfAborted } from '../aborts.js';
import type { Perf } from 'lru-cache';
import { wipe } from '../crypto/content-key.js';
import type { EncryptionTarget, KeyEncryptionKey, WrappedKey } from '../keys/key-encryption-key.js';
import type { UnwrapCacheBounds } from './key-call-options.js';
import { ScanResistantCache } from './scan-resistant-cache.js';
import { JoinedUnwrap, type UnwrapCall } from './joined-unwrap.js';

/** The request, and its target. */
export interface UnwrapPlace {
  readonly key: KeyEncryptionKey;
  readonly wrapped: WrappedKey;
  readonly target: EncryptionTarget;
}

/** Who waits for the bytes, and who is notified. */
interface UnwrapAsk {
  readonly abortSignal?: AbortSignalLike | undefined;
  /** Called if the bytes were cached, or if another read is already waiting for them. */
  readonly onHit?: () => void;
}

/** Statistics of a cache of unwrapped content keys: counts since it was created, and its current size. */
export interface UnwrapCacheStatistics {
  /** Reads that did not call their key: the content key was cached, or another read was already waiting for it. */
  readonly hits: number;
  /** Reads that called their key. */
  readonly misses: number;
  /** Content keys that were evicted because there was no room. */
  readonly evictions: number;
  /** Content keys that are kept now. */
  readonly size: number;
}

export class UnwrapCache {
  private readonly kept: ScanResistantCache;
  private readonly pending = new Map<string, JoinedUnwrap>();
  private readonly keyNumbers = new WeakMap<KeyEncryptionKey, number>();
  private keys = 0;
  private isClosed = false;
  private hits = 0;
  private misses = 0;

  constructor({ max, ttl }: UnwrapCacheBounds, clock: Perf = performance) {
    this.kept = new ScanResistantCache({ max, ttl }, { clock });
  }

  /**
   * The bytes that the key unwraps to, which the caller wipes. Reads that miss at the same time share one call. The cache takes
   * ownership of the bytes that `call` returns.
   */
  async unwrap(place: UnwrapPlace, call: UnwrapCall, { abortSignal, onHit }: UnwrapAsk = {}): Promise<Uint8Array> {
    const name = this.nameOf(place);
    const kept = this.kept.get(name);
    if (kept === undefined) throwIfAborted(abortSignal);
    if (kept !== undefined || this.pending.has(name)) {
      this.hits += 1;
      onHit?.();
    } else this.misses += 1;
    return kept ?? this.pendingFor(name, call).join(abortSignal);
  }

  get statistics(): UnwrapCacheStatistics {
    const { hits, misses, kept } = this;
    return { hits, misses, evictions: kept.evictions, size: kept.size };
  }

  /** Wipes the cache and caches nothing more: from now on, every read calls its key. */
  close(): void {
    this.isClosed = true;
    this.kept.clear();
  }

  private pendingFor(name: string, call: UnwrapCall): JoinedUnwrap {
    const known = this.pending.get(name);
    if (known !== undefined) return known;
    const joined = new JoinedUnwrap(call, (packed) => {
      this.pending.delete(name);
      if (packed !== null) this.keep(name, packed);
    });
    this.pending.set(name, joined);
    return joined;
  }

  private keep(name: string, packed: Uint8Array): void {
    if (this.isClosed) wipe(packed);
    else this.kept.set(name, packed);
  }

  private nameOf({ key, wrapped, target }: UnwrapPlace): string {
    const encryptedKey = Buffer.from(wrapped.encryptedKey).toString('base64');
    return JSON.stringify([this.numberOf(key), wrapped.keyId, wrapped.algorithm, encryptedKey, target]);
  }

  private numberOf(key: KeyEncryptionKey): number {
    const known = this.keyNumbers.get(key) ?? (this.keys += 1);
    this.keyNumbers.set(key, known);
    return known;
  }
}
