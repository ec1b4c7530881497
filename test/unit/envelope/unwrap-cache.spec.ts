import { jest } from '@jest/globals';
import { UnwrapCache, type UnwrapPlace } from '../../../src/envelope/unwrap-cache.js';
import type { KeyEncryptionKey } from '../../../src/keys/key-encryption-key.js';

const unused = (): never => {
  throw new Error('the cache asks keys through the call alone');
};
const keyOf = (keyId: string): KeyEncryptionKey => ({ keyId, wrapKey: unused, unwrapKey: unused });
const key = keyOf('k');
const placeOf = (more: Partial<UnwrapPlace['wrapped']> = {}, asked = key): UnwrapPlace => ({
  key: asked,
  wrapped: { keyId: 'k', algorithm: 'A', encryptedKey: Uint8Array.of(1, 2, 3), ...more },
  target: { kind: 'queue', account: 'a', queue: 'q' },
});

/** A cache, and calls that return bytes that the test can inspect later. */
function setUp({ max = 10, ttl = 60_000 } = {}) {
  // the faked clock replaces the real object, not its methods
  const cache = new UnwrapCache({ max, ttl }, { now: () => performance.now() });
  const handed: Uint8Array[] = [];
  const call = async (): Promise<Uint8Array> => {
    const packed = new Uint8Array(32).fill(handed.length + 1);
    handed.push(packed);
    return Promise.resolve(packed);
  };
  return { cache, handed, unwrap: (place = placeOf()) => cache.unwrap(place, call) };
}

const isWiped = (bytes: Uint8Array | undefined): boolean => bytes?.every((byte) => byte === 0) ?? false;

/** An answer that arrives when the test decides. */
function pendingAnswer() {
  const signals: { readonly aborted: boolean }[] = [];
  const answers: { give: (packed: Uint8Array) => void; fail: (error: Error) => void }[] = [];
  const call = (signal: { readonly aborted: boolean }): Promise<Uint8Array> =>
    new Promise((give, fail) => {
      signals.push(signal);
      answers.push({ give, fail });
    });
  return { signals, answers, call };
}

describe('the unwrap cache', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    // a clock that shows 0 counts as none
    jest.advanceTimersByTime(1);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('calls the key once for what is read twice', async () => {
    const { handed, unwrap } = setUp();

    const read = [await unwrap(), await unwrap()];

    expect(handed).toHaveLength(1);
    expect(read).toEqual([new Uint8Array(32).fill(1), new Uint8Array(32).fill(1)]);
  });

  it.each([
    ['key id', placeOf({ keyId: 'k2' })],
    ['algorithm', placeOf({ algorithm: 'B' })],
    ['wrapped bytes', placeOf({ encryptedKey: Uint8Array.of(1, 2, 4) })],
    ['length of the wrapped bytes', placeOf({ encryptedKey: Uint8Array.of(1, 2) })],
    ['border between id and algorithm', placeOf({ keyId: 'kA', algorithm: '' })],
    ['key object under the same id', placeOf({}, keyOf('k'))],
    ['target', { ...placeOf(), target: { kind: 'queue', account: 'a', queue: 'other' } as const }],
  ])('calls the key again for another %s', async (_what, place) => {
    const { handed, unwrap } = setUp();

    await unwrap();
    await unwrap(place);

    expect(handed).toHaveLength(2);
  });

  it('hands out copies, so that one reader can wipe its bytes without affecting the next', async () => {
    const { unwrap } = setUp();

    (await unwrap()).fill(0);
    (await unwrap()).fill(0);

    expect(await unwrap()).toEqual(new Uint8Array(32).fill(1));
  });

  it('wipes an entry when its time is over, even if nobody uses the cache, however often it was used', async () => {
    const { handed, unwrap } = setUp({ ttl: 1000 });
    await unwrap();
    await jest.advanceTimersByTimeAsync(999);
    await unwrap();
    expect(isWiped(handed[0])).toBe(false);

    await jest.advanceTimersByTimeAsync(3);

    expect(handed).toHaveLength(1);
    expect(isWiped(handed[0])).toBe(true);
    expect(await unwrap()).toEqual(new Uint8Array(32).fill(2));
  });

  it('wipes the least recently used entry when it is full', async () => {
    const { handed, unwrap } = setUp({ max: 2 });
    const [one, two, three] = [1, 2, 3].map((byte) => placeOf({ encryptedKey: Uint8Array.of(byte) }));

    await unwrap(one);
    await unwrap(two);
    await unwrap(one);
    await unwrap(three);

    expect(handed.map(isWiped)).toEqual([false, true, false]);
  });

  it('wipes all entries when it is closed, and keeps none afterwards', async () => {
    const { cache, handed, unwrap } = setUp();
    await unwrap();

    cache.close();
    const read = [await unwrap(), await unwrap()];

    expect(handed).toHaveLength(3);
    expect(handed.every(isWiped)).toBe(true);
    expect(read.some(isWiped)).toBe(false);
  });

  it('does not keep an answer that arrives after it was closed', async () => {
    const { call, answers } = pendingAnswer();
    const { cache } = setUp();
    const packed = new Uint8Array(32).fill(7);
    const reading = cache.unwrap(placeOf(), call);
    await Promise.resolve();

    cache.close();
    answers[0]?.give(packed);

    expect(await reading).toEqual(new Uint8Array(32).fill(7));
    expect(isWiped(packed)).toBe(true);
  });

  it('does not keep a failure', async () => {
    const { cache, unwrap } = setUp();

    await expect(cache.unwrap(placeOf(), () => Promise.reject(new Error('down')))).rejects.toThrow('down');

    expect(await unwrap()).toEqual(new Uint8Array(32).fill(1));
  });
});

describe('reads that miss at the same time', () => {
  it('share one call, and each receive their own bytes', async () => {
    const { call, answers } = pendingAnswer();
    const { cache } = setUp({ max: 1 });
    const reading = Array.from({ length: 5 }, () => cache.unwrap(placeOf(), call));
    await Promise.resolve();

    answers[0]?.give(new Uint8Array(32).fill(7));
    const read = await Promise.all(reading);

    expect(answers).toHaveLength(1);
    expect(new Set(read.map(({ buffer }) => buffer)).size).toBe(5);
    expect(read.every((packed) => packed.every((byte) => byte === 7))).toBe(true);
  });

  it('fail together, and the next one calls the key again', async () => {
    const { call, answers } = pendingAnswer();
    const { cache } = setUp();
    const reading = [cache.unwrap(placeOf(), call), cache.unwrap(placeOf(), call)];
    await Promise.resolve();

    answers[0]?.fail(new Error('down'));
    const outcomes = await Promise.allSettled(reading);

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void cache.unwrap(placeOf(), call);
    await Promise.resolve();
    expect(answers).toHaveLength(2);
  });

  it('continue if one of them is aborted', async () => {
    const { call, answers, signals } = pendingAnswer();
    const { cache } = setUp();
    const abort = new AbortController();
    const first = cache.unwrap(placeOf(), call, { abortSignal: abort.signal });
    const second = cache.unwrap(placeOf(), call);
    await Promise.resolve();

    abort.abort();

    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect(signals[0]?.aborted).toBe(false);
    answers[0]?.give(new Uint8Array(32).fill(7));
    expect(await second).toEqual(new Uint8Array(32).fill(7));
  });

  it('abort the call when all of them are aborted; a late answer is wiped, and the next read calls again', async () => {
    const { call, answers, signals } = pendingAnswer();
    const { cache } = setUp();
    const aborts = [new AbortController(), new AbortController()];
    const reading = aborts.map(({ signal }) => cache.unwrap(placeOf(), call, { abortSignal: signal }));
    await Promise.resolve();

    for (const abort of aborts) abort.abort();
    const outcomes = await Promise.allSettled(reading);
    const late = new Uint8Array(32).fill(7);
    answers[0]?.give(late);
    const next = cache.unwrap(placeOf(), call);
    await Promise.resolve();
    answers[1]?.give(new Uint8Array(32).fill(8));

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(await next).toEqual(new Uint8Array(32).fill(8));
    expect(isWiped(late)).toBe(true);
  });

  it('do not call the key for a read that was already aborted', async () => {
    const { call, answers } = pendingAnswer();
    const { cache } = setUp();

    await expect(cache.unwrap(placeOf(), call, { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(answers).toHaveLength(0);
  });
});
