import { KeyUnavailableError } from '../../../src/errors/keys.js';
import { Pace } from '../../../src/maintenance/pace.js';
import { Patience } from '../../../src/maintenance/patience.js';
import { ManualClock } from '../../support/manual-clock.js';

const patienceOf = (clock: ManualClock, patience: number) =>
  new Patience({
    ...{ clock, patience },
    pace: new Pace(1000, clock),
    report: () => undefined,
    abortSignal: undefined,
  });

describe('patience', () => {
  it('waits as long as the header of a busy service asks', async () => {
    const clock = new ManualClock();
    let attempts = 0;
    const headers = { get: (name: string) => (name === 'retry-after' ? '20' : undefined) };
    const ended = patienceOf(clock, 60).outlast(async () => {
      attempts += 1;
      if (attempts === 1) throw Object.assign(new Error(), { statusCode: 503, response: { headers } });
    });

    await clock.advance(19);
    expect(attempts).toBe(1);
    await clock.advance(1);
    await ended;
    expect(attempts).toBe(2);
  });

  it('ends after its time, even for a step inside a walk that has its own patience', async () => {
    const clock = new ManualClock();
    const patience = patienceOf(clock, 60);
    let walks = 0;
    const step = (): Promise<never> => patience.outlast(() => Promise.reject(new KeyUnavailableError('clinic:2026')));
    const ended = patience
      .outlast(() => {
        walks += 1;
        return step();
      })
      .catch((error: unknown) => (error as KeyUnavailableError).code);

    await clock.advance(60);

    expect(await Promise.race([ended, clock.advance(0).then(() => 'it still waits')])).toBe('KEY_UNAVAILABLE');
    expect(walks).toBe(1);
  });
});
