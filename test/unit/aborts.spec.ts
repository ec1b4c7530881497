import { getEventListeners } from 'node:events';
import { linkedAbort, onAbort, unlessAborted } from '../../src/aborts.js';
import { pause, systemClock, within } from '../../src/clock.js';
import { ParallelBound } from '../../src/envelope/parallel-bound.js';

const MANY = 32;
const never = () => new Promise<never>(() => undefined);
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('listeners of one signal', () => {
  it('are each called once, except those that stopped listening', () => {
    const controller = new AbortController();
    const called: string[] = [];
    onAbort(controller.signal, () => called.push('first'));
    const stop = onAbort(controller.signal, () => called.push('stopped'));
    onAbort(controller.signal, () => {
      called.push('stops the next');
      stopLast();
    });
    const stopLast = onAbort(controller.signal, () => called.push('last'));
    stop();
    stop();

    controller.abort();

    expect(called).toEqual(['first', 'stops the next']);
  });

  it('are all removed when they stop, and others can be added afterwards', () => {
    const controller = new AbortController();
    let calls = 0;
    for (let round = 0; round < 2; round++) {
      const stops = Array.from({ length: MANY }, () => onAbort(controller.signal, () => (calls += 1)));
      expect(listeners(controller.signal)).toBe(1);
      for (const stop of stops) stop();
      expect(listeners(controller.signal)).toBe(0);
    }
    controller.abort();
    expect(calls).toBe(0);
  });

  const bound = () => {
    const full = new ParallelBound(1);
    void full.run(never, undefined);
    return full;
  };
  it.each<[string, () => (signal: AbortSignal) => Promise<unknown>]>([
    ['answers', () => (signal) => unlessAborted(never(), signal)],
    ['requests with a deadline', () => (signal) => within({ clock: systemClock, seconds: 60, signal }, never)],
    ['pauses', () => (signal) => pause(systemClock, 60, signal)],
    [
      'places for a call to a key',
      () => {
        const full = bound();
        return (signal) => full.run(never, signal);
      },
    ],
    [
      'reads',
      () => async (signal) => {
        const { controller } = linkedAbort(signal);
        await new Promise((resolve) => controller.signal.addEventListener('abort', resolve));
      },
    ],
  ])('share one registration, however many %s wait, and all of them end', async (_what, waiterOf) => {
    const controller = new AbortController();
    const wait = waiterOf();
    const waiting = Array.from({ length: MANY }, () =>
      wait(controller.signal).catch((error: unknown) => (error as Error).name),
    );

    expect(listeners(controller.signal)).toBe(1);
    controller.abort();

    expect(new Set(await Promise.all(waiting)).size).toBe(1);
  });
});
