import { atMost, pause, systemClock, within } from '../../src/clock.js';
import { ManualClock } from '../support/manual-clock.js';

const never = () => new Promise<never>(() => undefined);

describe('pause', () => {
  it('ends when its time is over, and leaves no timer', async () => {
    const clock = new ManualClock();
    let isOver = false;
    const paused = pause(clock, 10, new AbortController().signal).then(() => (isOver = true));

    await clock.advance(9.9);
    expect(isOver).toBe(false);
    await clock.advance(0.1);
    await paused;
    expect(clock.waiting).toBe(0);
  });

  it.each(['before', 'meanwhile'])('ends at once when it is aborted %s', async (when) => {
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
  it('gives the answer, and leaves neither timer nor listener', async () => {
    const clock = new ManualClock();

    expect(await within({ clock, seconds: 5 }, async () => 'answer')).toBe('answer');
    expect(clock.waiting).toBe(0);
  });

  it('rejects a request without an answer, and aborts it', async () => {
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

  it('rejects when its signal is aborted, though the request does not heed it', async () => {
    const controller = new AbortController();
    const answer = within({ clock: new ManualClock(), seconds: 5, signal: controller.signal }, never);
    controller.abort();

    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });
});
