import type { EventOfPass } from '../../../src/maintenance/events.js';
import { ProgressMeter } from '../../../src/maintenance/progress-meter.js';
import { ManualClock } from '../../support/manual-clock.js';

type Progress = Extract<EventOfPass, { kind: 'progress' }>;

function meterOf(clock: ManualClock) {
  const reported: Progress[] = [];
  const report = (event: EventOfPass): void => {
    if (event.kind === 'progress') reported.push(event);
  };
  return { meter: new ProgressMeter({ clock, pass: 'work', report }), reported };
}
const seen = (count: number) => ({ seen: count, done: 0, failed: 0 });

describe('progress', () => {
  it('is reported at most once a second, with the rate since the pass began', async () => {
    const clock = new ManualClock();
    const { meter, reported } = meterOf(clock);
    for (let tenth = 0; tenth < 25; tenth += 1) {
      await clock.advance(0.1);
      meter.add('blobs scans', seen(10));
    }

    expect(reported.map(({ seen: amount, rate }) => [amount, Math.round(rate)])).toEqual([
      [100, 100],
      [200, 100],
    ]);
  });

  it.each([
    ['is not known', null, 0, 30, undefined],
    ['is computed from the rate so far', 120, 0, 30, 9],
    ['leaves out what was seen before this process began', 120, 60, 30, 3],
    ['is now if there are more objects than expected', 20, 0, 30, 0],
    ['is not known before the first object', 120, 0, 0, undefined],
    ['is now if everything was seen before', 120, 120, 0, 0],
  ])('has an expected end that %s', async (_what, expected, before, now, eta) => {
    const clock = new ManualClock();
    const { meter, reported } = meterOf(clock);
    // the meter of a census is created long before
    await clock.advance(60);
    meter.begin(expected === null ? null : expected - before);
    await clock.advance(3);

    meter.add('blobs scans', seen(now));

    expect(reported).toHaveLength(1);
    expect(reported[0]?.eta).toBe(eta);
  });
});
