import { jest } from '@jest/globals';
import { AesKeyEncryptionKey, KeyUnavailableError } from 'nestjs-azure-encrypted-storage';
import { policyOf, testKey } from '../support/blobs.js';
import { consume, FlakyKey, likewise, newQueue, PATIENCE, size, stopConsumers, until } from '../support/consumers.js';

jest.setTimeout(2 * PATIENCE);
afterEach(stopConsumers);

describe('a key service outage', () => {
  it('at start-up prevents receiving, and all messages are handled afterwards', async () => {
    const key = new FlakyKey();
    key.isDown = true;
    const queue = await newQueue(policyOf('2.0', { keyEncryptionKey: key }));
    for (const text of ['a', 'b']) await queue.sendMessage(text);
    const counts: number[] = [];

    const { consumer, events, count } = await consume(queue, (message) => void counts.push(message.dequeueCount), {
      maxFailures: 1,
    });
    await until(() => key.asked >= 2);
    key.isDown = false;
    await until(() => count('handled') === 2);
    await consumer.stop();

    expect(counts).toEqual([1, 1]);
    expect(events.map(({ kind }) => kind)).toEqual(['keyUnavailable', 'keyAvailable', 'handled', 'handled']);
    expect(events[0]).toMatchObject({ keyId: testKey.keyId, error: { code: 'KEY_UNAVAILABLE' } });
  });

  it('at runtime is reported once, hides no message for long and poisons none, even if one failure would', async () => {
    const key = new FlakyKey();
    const queue = await newQueue(policyOf('2.0', { keyEncryptionKey: key }));
    const { consumer, events, count } = await consume(queue, () => undefined, {
      maxFailures: 1,
      maxDequeueCount: 1,
      concurrency: 4,
    });
    await queue.sendMessage('before');
    await until(() => count('handled') === 1);

    key.isDown = true;
    for (const text of ['a', 'b', 'c']) await queue.sendMessage(text);
    const asked = key.asked;
    await until(() => key.asked >= asked + 3);
    key.isDown = false;
    await until(() => count('handled') === 4);
    await consumer.stop();

    expect(count('keyUnavailable')).toBe(1);
    expect(count('keyAvailable')).toBe(1);
    expect(count('poisoned') + count('failed')).toBe(0);
    expect(events.filter((event) => event.kind === 'released').length).toBeLessThanOrEqual(6);
    expect(await size(`${queue.name}-poison`)).toBe(0);
  });

  it('of one key does not delay the messages of another', async () => {
    const down = new FlakyKey(AesKeyEncryptionKey.generate('down'));
    const queue = await newQueue(policyOf('2.0', { keyResolver: () => down }));
    const other = likewise(queue, policyOf('2.0', { keyEncryptionKey: down }));
    down.isDown = true;
    await other.sendMessage('waits');
    for (const text of ['a', 'b', 'c']) await queue.sendMessage(text);
    const handled: string[] = [];

    const { consumer, count } = await consume(queue, ({ text }) => void handled.push(text), { maxFailures: 1 });
    await until(() => count('handled') === 3);
    down.isDown = false;
    await until(() => count('handled') === 4);
    await consumer.stop();

    expect(handled).toEqual(['a', 'b', 'c', 'waits']);
    expect(count('poisoned')).toBe(0);
  });

  it('inside the handler does not count as a failure of the message either', async () => {
    const queue = await newQueue();
    await queue.sendMessage('stores a blob');
    let calls = 0;

    const { consumer, count } = await consume(
      queue,
      () => {
        calls += 1;
        const circle = new Error('of no key');
        circle.cause = new Error('nor this', { cause: circle });
        if (calls === 4) throw circle;
        if (calls < 4)
          throw new Error('The scan could not be stored', { cause: new KeyUnavailableError('of the blob') });
      },
      { maxFailures: 2 },
    );
    await until(() => count('handled') === 1);
    await consumer.stop();

    expect(count('released')).toBe(3);
    expect(count('failed')).toBe(1);
    expect(count('poisoned')).toBe(0);
  });
});

describe('messages under unavailable keys', () => {
  it.each([1, 8])('do not block the messages behind them, however many, with concurrency %d', async (concurrency) => {
    const down = new FlakyKey(AesKeyEncryptionKey.generate('down'));
    const queue = await newQueue(policyOf('2.0', { keyResolver: () => down }));
    const other = likewise(queue, policyOf('2.0', { keyEncryptionKey: down }));
    down.isDown = true;
    await Promise.all(Array.from({ length: 100 }, (_, n) => other.sendMessage(`waits ${n}`)));
    await queue.sendMessage('good');
    const handled: string[] = [];

    const { consumer, count, events } = await consume(queue, ({ text }) => void handled.push(text), {
      concurrency,
      maxFailures: 1,
      maxDequeueCount: 1,
    });
    await until(() => handled.includes('good'));
    expect(handled).toEqual(['good']);
    down.isDown = false;
    await until(() => count('handled') === 101);
    await consumer.stop();

    expect(events.filter(({ kind }) => ['poisoned', 'failed', 'lost', 'unsettled'].includes(kind))).toEqual([]);
    expect(await size(`${queue.name}-poison`)).toBe(0);
  });

  it('do not block others even if each names a different key', async () => {
    const down = (keyId: string) => {
      const key = new FlakyKey(AesKeyEncryptionKey.generate(keyId));
      key.isDown = true;
      return key;
    };
    const queue = await newQueue(policyOf('2.0', { keyResolver: down }));
    const sending = Array.from({ length: 150 }, (_, n) =>
      likewise(queue, policyOf('2.0', { keyEncryptionKey: down(`down ${n}`) })).sendMessage('waits'),
    );
    await Promise.all(sending);
    await queue.sendMessage('good');

    const { consumer, count } = await consume(queue, () => undefined, { concurrency: 4 });
    await until(() => count('handled') === 1);
    await consumer.stop();

    expect(count('poisoned') + count('failed')).toBe(0);
  });
});
