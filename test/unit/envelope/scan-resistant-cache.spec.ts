import { randomBytes } from 'node:crypto';
import { ScanResistantCache } from '../../../src/envelope/scan-resistant-cache.js';

/** The same numbers in every run. */
function numbers(): () => number {
  let state = 7;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}
const cacheOf = (max: number) => new ScanResistantCache({ max, ttl: 60_000 }, { random: numbers() });
const key = (name: number) => Uint8Array.from([name % 256, 1, 2, 3]);

/** Looks up all names in order, and caches what is missing, as reads do. Returns the number of misses. */
function scan(cache: ScanResistantCache, names: number): number {
  let missing = 0;
  for (let name = 0; name < names; name += 1) {
    if (cache.get(String(name)) !== undefined) continue;
    missing += 1;
    cache.set(String(name), key(name));
  }
  return missing;
}

describe('a scan that is longer than the cache', () => {
  it.each([
    [120, 100, 60, 40],
    [1200, 1000, 600, 400],
    [2000, 1000, 1700, 1400],
  ])(
    'of %d names with room for %d misses at most %d times in the second round, and %d from the fifth',
    (names, room, second, later) => {
      const cache = cacheOf(room);
      expect(scan(cache, names)).toBe(names);

      expect(scan(cache, names)).toBeLessThanOrEqual(second);
      for (let time = 0; time < 2; time += 1) scan(cache, names);
      expect(scan(cache, names)).toBeLessThanOrEqual(later);
    },
  );

  it('does not evict what is used again and again', () => {
    const cache = cacheOf(100);
    scan(cache, 50);
    scan(cache, 50);

    for (let name = 1000; name < 2000; name += 1) cache.set(String(name), key(name));

    expect(scan(cache, 50)).toBe(0);
  });
});

describe('a scan-resistant cache', () => {
  it.each([1, 2, 5, 10])('never holds more than its capacity of %d, and wipes what it evicts', (room) => {
    const cache = cacheOf(room);
    const given = Array.from({ length: 50 }, () => Uint8Array.from(randomBytes(32)));

    given.forEach((bytes, name) => {
      cache.set(String(name), bytes);
      cache.get(String(name - (name % 3)));
    });

    const kept = given.filter((_, name) => cache.get(String(name)) !== undefined);
    expect(kept.length).toBeLessThanOrEqual(room);
    cache.clear();
    expect(given.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
  });

  it('returns the right bytes after others were evicted', () => {
    const cache = cacheOf(10);
    for (let time = 0; time < 5; time += 1) {
      for (let name = 0; name < 30; name += 1) {
        const found = cache.get(String(name));
        if (found === undefined) cache.set(String(name), key(name));
        else expect(found).toEqual(key(name));
      }
    }
  });
});
