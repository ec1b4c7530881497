import { setImmediate as nextTurn } from 'node:timers/promises';
import { ParallelBound } from '../../../src/envelope/parallel-bound.js';

const never = (): Promise<never> => new Promise(() => undefined);

describe('a bound on parallel tasks', () => {
  it.each([1, 2, 5])('of %d runs at most that number at once, in the order of arrival', async (limit) => {
    const bound = new ParallelBound(limit);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const task = (item: number) => async (): Promise<void> => {
      begun.push(item);
      running += 1;
      most = Math.max(most, running);
      await nextTurn();
      running -= 1;
    };

    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8].map((item) => bound.run(task(item))));

    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(most).toBe(limit);
  });

  it('makes room after a failure', async () => {
    const bound = new ParallelBound(1);

    await expect(bound.run(() => Promise.reject(new Error('down')))).rejects.toThrow('down');

    expect(await bound.run(() => Promise.resolve('next'))).toBe('next');
  });

  it('rejects an aborted waiter immediately, and lets the next one in', async () => {
    const bound = new ParallelBound(1);
    let finish = (): void => undefined;
    const first = bound.run(() => new Promise<void>((resolve) => (finish = resolve)));
    const abort = new AbortController();
    const second = bound.run(never, abort.signal);
    const third = bound.run(() => Promise.resolve('third'));

    abort.abort();

    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    finish();
    await first;
    expect(await third).toBe('third');
  });

  it('does not start a task if its signal is already aborted', async () => {
    const bound = new ParallelBound(1);

    await expect(bound.run(never, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });

    expect(await bound.run(() => Promise.resolve('next'))).toBe('next');
  });
});
