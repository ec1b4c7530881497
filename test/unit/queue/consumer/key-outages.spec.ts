import { KeyMismatchError, KeyUnavailableError, InvalidEncryptionDataError } from '../../../../src/errors.js';
import { KeyOutages } from '../../../../src/queue/consumer/key-outages.js';

function outages() {
  const told: string[] = [];
  return { told, keys: new KeyOutages((event) => told.push(event.kind)) };
}
const down = new KeyUnavailableError('k');

describe('the outage of a key', () => {
  it('is told once, however many messages notice it, and its end too', () => {
    const { told, keys } = outages();

    for (let message = 0; message < 32; message++) keys.note('k', down);
    expect(keys.isDown('k')).toBe(true);
    expect(keys.isResting('k')).toBe(true);
    // one failure, however many notice it: the first delay
    expect(keys.secondsOf('k')).toBeLessThanOrEqual(1);

    keys.answered('k');
    keys.answered('k');
    expect(keys.hasAny).toBe(false);
    expect(told).toEqual(['keyUnavailable', 'keyAvailable']);
  });

  it('says nothing about other keys', () => {
    const { keys } = outages();
    keys.note('k', down);

    expect(keys.isDown('other')).toBe(false);
    expect(keys.isResting('other')).toBe(false);
  });

  it('ends with any answer about the key, but not with damage that was found before it was asked', () => {
    const { keys } = outages();
    keys.note('k', down);

    keys.note('k', new InvalidEncryptionDataError('cut'));
    expect(keys.isDown('k')).toBe(true);
    keys.note('k', new KeyMismatchError('k', 'other'));
    expect(keys.isDown('k')).toBe(false);
  });

  it('remembers a bounded number of keys, which are named by whoever sends', () => {
    const { keys } = outages();

    for (let key = 0; key < 1500; key++) keys.note(`k${key}`, down);

    expect(keys.isDown('k0')).toBe(false);
    expect(keys.isDown('k1499')).toBe(true);
  });
});
