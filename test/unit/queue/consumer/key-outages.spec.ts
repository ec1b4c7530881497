import { KeyUnavailableError } from '../../../../src/errors/keys.js';
import { KeyOutages } from '../../../../src/queue/consumer/key-outages.js';
import { ManualClock } from '../../../support/manual-clock.js';

function outages() {
  const reported: string[] = [];
  const clock = new ManualClock();
  return { reported, clock, keys: new KeyOutages(clock, (event) => reported.push(event.kind)) };
}
const down = new KeyUnavailableError('k');

describe('the outage of a key', () => {
  it('is reported once, however many messages notice it, and so is its end', () => {
    const { reported, keys } = outages();

    for (let message = 0; message < 32; message++) keys.failed('k', `text ${message}`, down);
    expect(keys.isDown('k')).toBe(true);
    // counts as one failure, however many messages notice it: the first delay
    expect(keys.secondsOf('k')).toBeGreaterThan(0);
    expect(keys.secondsOf('k')).toBeLessThanOrEqual(1);
    expect(keys.due).toEqual([]);

    keys.answered('k');
    keys.answered('k');
    expect(keys.hasAny).toBe(false);
    expect(reported).toEqual(['keyUnavailable', 'keyAvailable']);
  });

  it('does not affect other keys', () => {
    const { keys } = outages();
    keys.failed('k', 'text', down);

    expect(keys.isDown('other')).toBe(false);
    expect(keys.secondsOf('other')).toBe(0);
  });

  it('keeps a message to try the key with when the delay is over', async () => {
    const { keys, clock } = outages();
    keys.failed('k', 'text', down);
    await clock.advance(keys.seconds);

    expect(keys.due).toEqual([['k', 'text']]);
  });

  it('remembers a limited number of keys, because senders can choose key ids', () => {
    const { keys } = outages();

    for (let key = 0; key < 150; key++) keys.failed(`k${key}`, 'text', down);

    expect(keys.isDown('k0')).toBe(false);
    expect(keys.isDown('k149')).toBe(true);
  });
});
