import { setImmediate as nextTurn } from 'node:timers/promises';
import { type PaceEvent, VaultPace } from '../../../../src/keys/vault/vault-pace.js';
import { pacesOf, VaultTime } from '../../../support/vault-policies.js';

const refusal = (status = 429, headers: Readonly<Record<string, string>> = {}) =>
  Object.assign(new Error('busy'), {
    statusCode: status,
    response: { headers: { get: (name: string) => headers[name] } },
  });

function setUp() {
  const time = new VaultTime();
  const pace = new VaultPace(time, () => 1);
  const answered: number[] = [];
  const call = async (): Promise<void> => {
    answered.push(time.passed);
  };
  return { time, pace, answered, call };
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('the pace of a vault', () => {
  it('lets calls through at once if there is no rate', async () => {
    const { time, pace, answered, call } = setUp();

    await Promise.all(upTo(1000).map(() => pace.run(call)));

    expect(answered).toHaveLength(1000);
    expect(time.slept).toEqual([]);
  });

  it('spreads calls evenly over a second at the lowest of all rates, until that rate is released', async () => {
    const { time, pace, answered, call } = setUp();
    const release = pace.limit(10);
    pace.limit(100);

    await Promise.all(upTo(4).map(() => pace.run(call)));
    release();
    await Promise.all(upTo(4).map(() => pace.run(call)));

    expect(answered.map((at) => Math.round(at))).toEqual([0, 100, 200, 300, 400, 410, 420, 430]);
    expect(time.sleeping).toBe(0);
  });

  it('keeps to the rate after a pause, so that waiting calls do not start all at once', async () => {
    const { pace, time, answered, call } = setUp();
    pace.limit(10);
    let isFirst = true;
    const refusedOnce = async (): Promise<void> => {
      if (!isFirst) return call();
      isFirst = false;
      throw refusal();
    };

    await Promise.all(upTo(5).map(() => pace.run(refusedOnce)));

    const gaps = answered.slice(1).map((at, index) => Math.round(at - answered[index]!));
    expect(answered[0]).toBeGreaterThanOrEqual(1000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
    expect(time.sleeping).toBe(0);
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['none', {}, 1000],
    ['seconds', { 'retry-after': '7' }, 7000],
    ['one that requests no pause', { 'retry-after': '0' }, 1000],
    ['nonsense', { 'retry-after': 'soon' }, 1000],
    ['a date in the past', { 'retry-after': 'Mon, 01 Jan 2024 00:00:00 GMT' }, 1000],
  ])('pauses after a 429 with %s in Retry-After', async (_what, headers, pause) => {
    const { pace, answered, call } = setUp();
    const events: PaceEvent[] = [];
    let isFirst = true;

    await pace.run(
      async () => {
        if (!isFirst) return call();
        isFirst = false;
        throw refusal(429, headers);
      },
      { onEvent: (event) => events.push(event) },
    );

    expect(answered).toEqual([pause]);
    expect(events).toEqual([
      { kind: 'throttled', status: 429, pause },
      { kind: 'waited', milliseconds: pause },
    ]);
  });

  it('pauses for all calls to the vault', async () => {
    const { pace, answered, call } = setUp();
    let asked = 0;
    const refused = pace.run(async () => {
      asked += 1;
      if (asked === 1) throw refusal(503);
      return call();
    });
    while (asked === 0) await nextTurn();

    await Promise.all([pace.run(call), refused]);

    expect(answered).toEqual([1000, 1000]);
  });

  it('treats throttled concurrent calls as one event, and halves the number of parallel calls', async () => {
    const { pace, time } = setUp();
    let running = 0;
    let most = 0;
    let isFull = true;
    const call = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await nextTurn();
      running -= 1;
      if (isFull) throw refusal();
    };

    const calls = upTo(300).map(() => pace.run(call));
    while (time.sleeping === 0) await nextTurn();
    expect(most).toBe(256);
    isFull = false;
    most = 0;
    await Promise.all(calls);

    expect(time.passed).toBe(1000);
    // one more for each successful call
    expect(most).toBeLessThan(256);
  });

  it('recovers from a storm in which a call is throttled again and again', async () => {
    const { pace, time } = setUp();
    let asked = 0;
    const unlucky = pace.run(async () => {
      asked += 1;
      if (asked < 12) throw refusal(429, { 'retry-after': '1' });
    });

    await unlucky;

    expect(time.passed).toBe(11_000);
  });

  it('gives up after six throttled calls and 15 seconds, and throws the last error', async () => {
    const { pace, time } = setUp();
    const last = refusal();

    await expect(pace.run(() => Promise.reject(last))).rejects.toBe(last);

    expect(time.slept).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  it('does not wait if the vault asks for more than a minute, and explains why', async () => {
    const { pace, time } = setUp();
    const long = refusal(429, { 'retry-after': '3600' });

    await expect(pace.run(() => Promise.reject(long))).rejects.toBe(long);
    await expect(pace.run(() => Promise.resolve())).rejects.toBe(long);

    expect(time.slept).toEqual([]);
  });

  it.each([
    ['a day', '86400'],
    ['no finite time', '9'.repeat(400)],
    ['the year 9999', 'Fri, 31 Dec 9999 00:00:00 GMT'],
  ])('calls the vault again after ten minutes, even if its header says %s', async (_what, asked) => {
    const { pace, time, answered, call } = setUp();
    const wrong = refusal(503, { 'retry-after': asked });
    await expect(pace.run(() => Promise.reject(wrong))).rejects.toBe(wrong);

    time.passed += 500_000;
    await expect(pace.run(call)).rejects.toBe(wrong);
    time.passed += 100_000;
    await pace.run(call);

    expect(answered).toEqual([600_000]);
  });

  it('releases a call that is aborted while it waits for its turn, a slot or the end of a pause', async () => {
    const { pace, time } = setUp();
    pace.limit(1);
    const abort = new AbortController();
    const done = Promise.resolve();

    await pace.run(() => done);
    const waiting = upTo(300).map(() => pace.run(() => done, { abortSignal: abort.signal }));
    const ends = Promise.allSettled(waiting);
    abort.abort();

    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
    expect(time.passed).toBeLessThan(300_000);
  });

  it('is separate for each vault', () => {
    const paces = pacesOf(new VaultTime());

    expect(paces.of('https://a.vault.azure.net')).toBe(paces.of('https://a.vault.azure.net'));
    expect(paces.of('https://a.vault.azure.net')).not.toBe(paces.of('https://b.vault.azure.net'));
  });
});
