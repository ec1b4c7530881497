/**
 * Key bytes by name, in two parts. An entry that is requested a second time moves to the larger part, where the least recently
 * used entry is evicted first. Entries that were requested once wait in the smaller part, where a random entry is evicted first.
 * So repeated scans of more entries than fit still find most of the cached ones. If the oldest were evicted first, each entry
 * would leave just before it is needed again, and such a scan would find nothing.
 */
import { LRUCache, type Perf } from 'lru-cache';
import { wipe } from '../crypto/content-key.js';
import type { UnwrapCacheBounds } from './key-call-options.js';

/** Fraction of the room for entries that were requested more than once. */
const PROVEN_PART = 0.8;

/** Passed in by tests. */
interface CacheEnvironment {
  readonly clock?: Perf;
  /** From 0 to 1. */
  readonly random?: () => number;
}

export class ScanResistantCache {
  readonly #max: number;
  readonly #random: () => number;
  readonly #proven: LRUCache<string, Uint8Array> | undefined;
  readonly #tried: LRUCache<string, Uint8Array>;
  /** Names in the smaller part, and the position of each, so that a random one can be picked. */
  readonly #names: string[] = [];
  readonly #places = new Map<string, number>();
  /** Name of the entry that is moving between the parts and must not be wiped. */
  #moving: string | undefined;
  /** Entries that were evicted because there was no room. */
  evictions = 0;

  constructor({ max, ttl }: UnwrapCacheBounds, { clock = performance, random = Math.random }: CacheEnvironment = {}) {
    this.#max = max;
    this.#random = random;
    const bounds = { ttl, perf: clock, ttlAutopurge: true };
    const provenMax = Math.floor(max * PROVEN_PART);
    this.#proven =
      provenMax === 0
        ? undefined
        : new LRUCache({
            ...bounds,
            max: provenMax,
            dispose: (packed, _name, reason) => {
              if (reason === 'evict') this.evictions += 1;
              wipe(packed);
            },
          });
    this.#tried = new LRUCache({
      ...bounds,
      max,
      dispose: (packed, name) => {
        if (name !== this.#moving) wipe(packed);
        this.#forget(name);
      },
    });
  }

  /** A copy of the bytes. */
  get(name: string): Uint8Array | undefined {
    const proven = this.#proven?.get(name);
    if (proven !== undefined) return Uint8Array.from(proven);
    const tried = this.#tried.get(name);
    if (tried === undefined) return undefined;
    this.#prove(name, tried);
    return Uint8Array.from(tried);
  }

  /** Takes ownership of the bytes. */
  set(name: string, packed: Uint8Array): void {
    this.#proven?.delete(name);
    this.#tried.delete(name);
    if (this.size >= this.#max) this.#makeRoom();
    this.#tried.set(name, packed);
    this.#places.set(name, this.#names.push(name) - 1);
  }

  clear(): void {
    this.#proven?.clear();
    this.#tried.clear();
  }

  get size(): number {
    return this.#tried.size + (this.#proven?.size ?? 0);
  }

  /** The entry keeps its remaining time: use does not extend it. */
  #prove(name: string, packed: Uint8Array): void {
    if (this.#proven === undefined) return;
    const ttl = this.#tried.getRemainingTTL(name);
    if (!(ttl > 0)) return;
    this.#moving = name;
    this.#tried.delete(name);
    this.#moving = undefined;
    this.#proven.set(name, packed, { ttl: Math.max(1, Math.floor(ttl)) });
  }

  #makeRoom(): void {
    const name = this.#names[Math.floor(this.#random() * this.#names.length)];
    if (name === undefined) {
      this.#proven?.pop();
      return;
    }
    this.evictions += 1;
    this.#tried.delete(name);
  }

  #forget(name: string): void {
    const place = this.#places.get(name);
    const last = this.#names.pop();
    if (place === undefined || last === undefined) return;
    this.#places.delete(name);
    if (last === name) return;
    this.#names[place] = last;
    this.#places.set(last, place);
  }
}
