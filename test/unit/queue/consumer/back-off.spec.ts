import { backOff } from '../../../../src/queue/consumer/back-off.js';

const most = () => 1;
const least = () => 0;

describe('backOff', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
    [7, 60],
    [1_000_000, 60],
  ])('before try %d waits at most %d of 1 to 60 seconds, and at least half of that', (attempt, seconds) => {
    expect(backOff(attempt, { min: 1, max: 60 }, most)).toBe(seconds);
    expect(backOff(attempt, { min: 1, max: 60 }, least)).toBe(Math.max(1, seconds / 2));
  });

  it('does not wait if both bounds are zero', () => {
    expect(backOff(1_000_000, { min: 0, max: 0 }, most)).toBe(0);
  });

  it('is random', () => {
    const delays = Array.from({ length: 100 }, () => backOff(5, { min: 1, max: 60 }));

    expect(Math.min(...delays)).toBeGreaterThanOrEqual(8);
    expect(Math.max(...delays)).toBeLessThanOrEqual(16);
    expect(new Set(delays).size).toBeGreaterThan(1);
  });
});
