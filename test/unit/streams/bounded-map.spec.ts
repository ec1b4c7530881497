import { jest } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { boundedMap } from '../../../src/streams/bounded-map.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a bounded map', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([
    [1, 7],
    [3, 7],
    [7, 7],
    [8, 7],
    [4, 0],
  ])('with a limit of %d runs as many of %d tasks at once as it may, and keeps their order', async (limit, count) => {
    const together = Math.min(limit, count);
    let running = 0;
    let most = 0;
    let goOn = (): void => undefined;
    const areTogether = new Promise<void>((resolve) => (goOn = resolve));

    const doubled = await boundedMap(upTo(count), limit, async (item) => {
      running += 1;
      most = Math.max(most, running);
      if (running === together) goOn();
      await areTogether;
      await nextTurn();
      running -= 1;
      return item * 2;
    });

    expect(doubled).toEqual(upTo(count).map((item) => item * 2));
    expect(most).toBe(together);
  });

  it('fails with the error of the first task that fails, and starts no more tasks', async () => {
    const begun: number[] = [];
    const mapped = boundedMap(upTo(10), 2, async (item) => {
      begun.push(item);
      await nextTurn();
      if (item === 3) throw new Error('three');
    });

    await expect(mapped).rejects.toThrow('three');
    await boundedMap(upTo(5), 1, () => nextTurn());
    expect(Math.max(...begun)).toBeLessThanOrEqual(4);
  });

  it('fails only after every task that it started has ended', async () => {
    const ended: number[] = [];
    let haveBegun = (): void => undefined;
    const othersHaveBegun = new Promise<void>((resolve) => (haveBegun = resolve));
    const mapped = boundedMap(upTo(4), 3, async (item) => {
      if (item === 2) haveBegun();
      if (item === 0) {
        await othersHaveBegun;
        throw new Error('the first');
      }
      for (let turn = 0; turn < 10 * item; turn += 1) await nextTurn();
      ended.push(item);
      if (item === 2) throw new Error('a later one');
    });

    await expect(mapped).rejects.toThrow('the first');
    expect(ended).toEqual([1, 2]);
  });

  it('yields to the event loop whenever a time slice is used up', async () => {
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    let turns = 0;
    const count = (): void => {
      turns += 1;
      ticking = setImmediate(count);
    };
    let ticking = setImmediate(count);

    const seen = await boundedMap(upTo(20), 4, async () => {
      now += 1;
      return Promise.resolve(turns);
    });
    clearImmediate(ticking);

    expect(new Set(seen).size).toBe(20);
  });
});
