import { atMost, pause, systemClock, within } from '../../src/clock.js';
import { ManualClock } from '../support/manual-clock.js';

const never = () => new Promise<never>(() => undefined);

describe('pause', () => {
  it('ends when its time has passed, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    let isOver = false;
    const paused = pause(clock, 10, new AbortController().signal).then(() => (isOver = true));

    await clock.advance(9.9);
    expect(isOver).toBe(false);
    await clock.advance(0.1);
    await paused;
    expect(clock.waiting).toBe(0);
  });

  it.each(['before', 'during'])('ends at once if it is aborted %s the pause', async (when) => {
    const controller = new AbortController();
    if (when === 'before') controller.abort();
    const clock = new ManualClock();
    const paused = pause(clock, 3600, controller.signal);
    controller.abort();

    await expect(paused).resolves.toBeUndefined();
    expect(clock.waiting).toBe(0);
  });
});

describe('atMost', () => {
  it('does not wait for work that does not end', async () => {
    await expect(atMost(systemClock, 0.01, never())).resolves.toBeUndefined();
  });

  it('waits no longer than the work', async () => {
    await expect(atMost(new ManualClock(), 3600, Promise.resolve())).resolves.toBeUndefined();
  });
});

describe('a deadline', () => {
  it('returns the answer, and leaves no timer or listener behind', async () => {
    const clock = new ManualClock();

    expect(await within({ clock, seconds: 5 }, async () => 'answer')).toBe('answer');
    expect(clock.waiting).toBe(0);
  });

  it('rejects and aborts a request that gets no answer', async () => {
    const clock = new ManualClock();
    let given: AbortSignal | undefined;
    const answer = within({ clock, seconds: 5 }, (signal) => {
      given = signal;
      return never();
    });
    const outcome = expect(answer).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'There was no answer within 5 seconds',
    });

    await clock.advance(4.9);
    expect(given?.aborted).toBe(false);
    await clock.advance(0.1);
    await outcome;
    expect(given?.aborted).toBe(true);
  });

  it('passes on what the request throws', async () => {
    const clock = new ManualClock();

    await expect(within({ clock, seconds: 5 }, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(clock.waiting).toBe(0);
  });

  it('rejects when its signal is aborted, even if the request ignores the signal', async () => {
    const controller = new AbortController();
    const answer = within({ clock: new ManualClock(), seconds: 5, signal: controller.signal }, never);
    controller.abort();

    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });
});
