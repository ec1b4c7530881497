import { jest } from '@jest/globals';
import { TimeSlice } from '../../../src/streams/time-slice.js';

describe('a shared time slice', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('lets waiters continue one after another if each uses up a turn, however many wait', async () => {
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const slice = new TimeSlice();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      ticking = setImmediate(count);
    };
    let ticking = setImmediate(count);
    const work = async (): Promise<number> => {
      while (slice.isSpent) await slice.breathe();
      now += 1;
      return turns;
    };

    const seen = await Promise.all(Array.from({ length: 10 }, work));
    clearImmediate(ticking);

    expect(new Set(seen).size).toBe(10);
  });

  it('takes no turn of the event loop while it lasts', async () => {
    jest.spyOn(performance, 'now').mockReturnValue(0);
    const slice = new TimeSlice();
    let isTurned = false;
    setImmediate(() => {
      isTurned = true;
    });

    await slice.breathe();

    expect(slice.isSpent).toBe(false);
    expect(isTurned).toBe(false);
  });
});
