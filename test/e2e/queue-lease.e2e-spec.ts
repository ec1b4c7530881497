import { once } from 'node:events';
import { jest } from '@jest/globals';
import type { QueueClient } from '@azure/storage-queue';
import {
  EncryptedQueueClient,
  type EncryptedQueueMessageHandler,
  type QueueConsumerEvent,
} from 'nestjs-azure-encrypted-storage';
import { Poller } from '../../src/queue/consumer/poller.js';
import { settingsOf } from '../../src/queue/consumer/consumer-options.js';
import { policyOf } from '../support/blobs.js';
import {
  consume,
  newQueue,
  PATIENCE,
  plainQueue,
  size,
  stopConsumers,
  until,
  visibleTexts,
} from '../support/consumers.js';
import { ManualClock } from '../support/manual-clock.js';
import { Partition } from '../support/partition.js';

jest.setTimeout(2 * PATIENCE);
afterEach(stopConsumers);

describe('a consumer cut off by the network', () => {
  it('aborts its handler before another consumer gets the message', async () => {
    const queue = await newQueue();
    await queue.sendMessage('for one of them');
    const partition = await Partition.open();
    const cutOff = new EncryptedQueueClient(partition.service.getQueueClient(queue.name), policyOf('2.0'));
    const order: string[] = [];

    const first = await consume(
      cutOff,
      async (_message, signal) => {
        partition.cut();
        order.push('the first begins');
        await once(signal, 'abort');
        order.push('the first is aborted');
        signal.throwIfAborted();
      },
      { visibilityTimeout: 4, shutdownTimeout: 0 },
    );
    await until(() => order.length > 0);
    const second = await consume(queue, () => void order.push('the second begins'));
    await until(() => second.count('handled') === 1);
    await Promise.all([first.consumer.stop(), second.consumer.stop()]);
    await partition.close();

    expect(order).toEqual(['the first begins', 'the first is aborted', 'the second begins']);
    expect(first.count('lost')).toBe(1);
    expect(first.count('poisoned') + second.count('poisoned')).toBe(0);
    expect(await size(queue.name)).toBe(0);
  });
});

/** A consumer with its own clock. */
function pollerOn(plain: QueueClient, handler: EncryptedQueueMessageHandler, visibilityTimeout: number) {
  const clock = new ManualClock();
  const events: QueueConsumerEvent[] = [];
  const poller = new Poller({
    queue: new EncryptedQueueClient(plain, policyOf('2.0')).forConsumer(),
    poisonQueue: plainQueue(`${plain.name}-poison`),
    handler,
    settings: { ...settingsOf(plain.name, {}), visibilityTimeout, minRetryDelay: 0, maxRetryDelay: 0 },
    clock,
    report: (event) => events.push({ queue: plain.name, ...event }),
  });
  poller.start();
  return { poller, clock, events };
}

it('a consumer keeps a message invisible for as long as its handler runs', async () => {
  const queue = await newQueue();
  await queue.sendMessage('long');
  const plain = plainQueue(queue.name);
  const update = plain.updateMessage.bind(plain);
  const shownAt: number[] = [];
  plain.updateMessage = async (...given) => {
    const answer = await update(...given);
    shownAt.push(answer.nextVisibleOn?.getTime() ?? 0);
    return answer;
  };
  const open = new AbortController();
  let begun = 0;
  const handler = async (): Promise<void> => {
    begun += 1;
    await once(open.signal, 'abort');
  };

  const { poller, clock, events } = pollerOn(plain, handler, 30);
  await until(() => begun === 1);
  // longer than the initial visibility timeout
  for (let renewals = 1; renewals <= 4; renewals++) {
    const before = Date.now();
    await clock.advance(10);
    await until(() => shownAt.length === renewals);
    // the service counts full seconds
    expect(shownAt.at(-1)).toBeGreaterThanOrEqual(before + 29_000);
    expect(await visibleTexts(queue.name)).toEqual([]);
  }
  open.abort();
  await until(() => events.length > 0);
  const stopped = poller.stop();
  await clock.advance(60);
  await stopped;

  expect(events.map(({ kind }) => kind)).toEqual(['handled']);
  expect(begun).toBe(1);
  expect(await size(queue.name)).toBe(0);
});

describe('a request that is never answered', () => {
  /** In seconds; no lease of this length expires here. */
  const HOUR = 3600;
  type Call = 'peekMessages' | 'receiveMessages' | 'deleteMessage' | 'updateMessage';

  /** A consumer with its own clock, whose first request of this name is never answered. */
  async function consumerWithout(call: Call, handler: () => void, visibilityTimeout = 1) {
    const queue = await newQueue();
    await queue.sendMessage('comes again');
    const plain = plainQueue(queue.name);
    const { [call]: original } = plain;
    let asked = 0;
    Object.assign(plain, {
      [call]: (...given: unknown[]) => {
        asked += 1;
        return asked === 1 ? new Promise<unknown>(() => undefined) : (Reflect.apply(original, plain, given) as unknown);
      },
    });
    const { poller, clock, events } = pollerOn(plain, handler, visibilityTimeout);
    await until(() => asked === 1);
    return { queue, poller, clock, events, asked: () => asked };
  }

  it.each<Call>(['peekMessages', 'receiveMessages'])('%s does not stop the consumer', async (call) => {
    const { poller, clock, events, queue } = await consumerWithout(call, () => undefined, HOUR);

    const has = (wanted: QueueConsumerEvent['kind']) => events.some(({ kind }) => kind === wanted);
    // once the queue answers, the clock advances by the shortest wait, so that a busy machine misses no deadline
    await until(async () => {
      await clock.advance(has('queueAvailable') ? 0.05 : 1);
      return has('handled');
    });
    const stopped = poller.stop();
    await clock.advance(60);
    await stopped;

    expect(events.map(({ kind }) => kind)).toEqual(['queueUnavailable', 'queueAvailable', 'handled']);
    expect(events[0]).toMatchObject({ error: { name: 'TimeoutError' } });
    expect(await size(queue.name)).toBe(0);
  });

  it.each<[Call, () => void]>([
    ['deleteMessage', () => undefined],
    [
      'updateMessage',
      () => {
        throw new Error('failed');
      },
    ],
  ])('%s frees its slot, and the message is received again', async (call, handler) => {
    const { poller, clock, events, asked } = await consumerWithout(call, handler);

    await until(async () => {
      await clock.advance(1);
      return asked() > 1;
    });
    const stopped = poller.stop();
    await clock.advance(60);
    await stopped;

    expect(events.map(({ kind }) => kind)).toContain('unsettled');
  });
});
