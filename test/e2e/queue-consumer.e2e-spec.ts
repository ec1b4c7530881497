import { once } from 'node:events';
import { jest } from '@jest/globals';
import {
  EncryptedQueueClient,
  EncryptedQueueConsumer,
  type EncryptedQueueMessage,
} from 'nestjs-azure-encrypted-storage';
import { MessageLease } from '../../src/queue/consumer/message-lease.js';
import { uniqueName } from '../support/azurite.js';
import { policyOf } from '../support/blobs.js';
import { ManualClock } from '../support/manual-clock.js';
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

jest.setTimeout(2 * PATIENCE);
afterEach(stopConsumers);

/** A handler that waits until the test ends it. */
function gated() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const begun: string[] = [];
  const handler = async ({ text }: EncryptedQueueMessage): Promise<void> => {
    begun.push(text);
    await opened;
  };
  return { handler, begun, open: () => open() };
}

describe('a consumer', () => {
  it('hands over the decrypted message and deletes it when the handler returns', async () => {
    const queue = await newQueue();
    const { messageId, insertedOn, expiresOn } = await queue.sendMessage('{"patient":17}');
    const handled: EncryptedQueueMessage[] = [];

    const { consumer, count } = await consume(queue, (message) => void handled.push(message));
    await until(() => count('handled') === 1);
    await consumer.stop();

    expect(handled).toMatchObject([{ id: messageId, dequeueCount: 1, insertedOn, expiresOn, text: '{"patient":17}' }]);
    expect(handled[0]?.bytes).toEqual(Buffer.from('{"patient":17}'));
    expect(handled[0]?.json()).toEqual({ patient: 17 });
    expect(await size(queue.name)).toBe(0);
  });

  it('continues after an empty queue, and handles more than one batch', async () => {
    const queue = await newQueue();
    const handled: string[] = [];

    const { consumer, count } = await consume(queue, ({ text }) => void handled.push(text), {
      concurrency: 3,
      batchSize: 2,
    });
    for (const text of ['a', 'b', 'c', 'd', 'e']) await queue.sendMessage(text);
    await until(() => count('handled') === 5);
    await queue.sendMessage('f');
    await until(() => count('handled') === 6);
    await consumer.stop();

    expect(handled.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('handles as many messages at once as configured, and leaves the others visible', async () => {
    const queue = await newQueue();
    for (const text of ['a', 'b', 'c']) await queue.sendMessage(text);
    const { handler, begun, open } = gated();

    const { consumer, count } = await consume(queue, handler, { concurrency: 2 });
    await until(() => begun.length === 2);

    expect(await visibleTexts(queue.name)).toHaveLength(1);
    open();
    await until(() => count('handled') === 3);
    await consumer.stop();
  });

  it('aborts a handler whose message is gone, and reports that the message may be handled again', async () => {
    const queue = await newQueue();
    await queue.sendMessage('taken');
    let reason: unknown;

    const { consumer, events, count } = await consume(
      queue,
      async (_message, signal) => {
        await queue.clearMessages();
        await once(signal, 'abort');
        reason = signal.reason;
      },
      { visibilityTimeout: 1 },
    );
    await until(() => count('lost') === 1);
    await consumer.stop();

    expect(events.map(({ kind }) => kind)).toEqual(['lost']);
    expect(reason).toMatchObject({ name: 'AbortError' });
  });

  it('does not delete a message that another consumer has received meanwhile', async () => {
    const queue = await newQueue();
    await queue.sendMessage('slow');
    const plain = queue.unencryptedClient;
    const { receivedMessageItems } = await plain.receiveMessages({ visibilityTimeout: 1 });
    // its clock stops
    const lease = new MessageLease(plain, receivedMessageItems[0]!, {
      clock: new ManualClock(),
      visibilityTimeout: 600,
      receivedAt: 0,
      onRenewalFailed: () => undefined,
      onLost: () => undefined,
    });
    await until(async () => (await plain.receiveMessages()).receivedMessageItems.length === 1);

    await lease.delete();

    expect(lease.isLost).toBe(true);
    expect(lease.signal.aborted).toBe(true);
    expect(await size(queue.name)).toBe(1);
  });

  it.each([
    ['its queue', (queue: string) => [queue]],
    ['its poison queue', (queue: string) => [`${queue}-poison`]],
    ['both queues', (queue: string) => [queue, `${queue}-poison`]],
  ])('does not start without %s', async (_what, missing) => {
    const queue = await newQueue();
    await Promise.all(missing(queue.name).map((name) => plainQueue(name).delete()));

    await expect(consume(queue, () => undefined)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      faults: missing(queue.name).map((name) => expect.stringContaining(`queue "${name}" does not exist`) as string),
    });
  });

  it('reports once that it cannot poll, and continues when it can', async () => {
    const queue = await newQueue();
    await queue.delete();

    const { consumer, events, count } = await consume(queue, () => undefined, { missingQueue: 'wait' });
    await until(() => count('queueUnavailable') === 1);
    await until(() =>
      queue.create().then(
        () => true,
        () => false,
      ),
    );
    await queue.sendMessage('late');
    await until(() => count('handled') === 1);
    await consumer.stop();

    expect(events.map(({ kind }) => kind)).toEqual(['queueUnavailable', 'queueAvailable', 'handled']);
    expect(events[0]).toMatchObject({ queue: queue.name, error: { statusCode: 404 } });
  });

  it.each([
    ['throws', (): void => void JSON.parse('no JSON')],
    ['rejects', async (): Promise<void> => Promise.reject(new Error('the metrics are down'))],
  ])('continues if its observer %s', async (_how, onEvent) => {
    const queue = await newQueue();
    await queue.sendMessage('one');
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);

    await consume(queue, () => undefined, { onEvent });
    await until(async () => (await size(queue.name)) === 0);
    await stopConsumers();
    process.off('unhandledRejection', unhandled);

    expect(unhandled).not.toHaveBeenCalled();
  });

  it('creates both queues if configured to', async () => {
    const queue = await newQueue();
    const poison = uniqueName('poison');

    const { consumer } = await consume(queue, () => undefined, { createIfNotExists: true, poisonQueue: poison });
    await consumer.stop();

    expect(await plainQueue(poison).exists()).toBe(true);
  });

  it('reports all invalid options at once', async () => {
    const queue = await newQueue();
    const faulty = () =>
      new EncryptedQueueConsumer({ queue, getPoisonQueue: plainQueue }, () => undefined, {
        concurrency: 0,
        batchSize: 33,
      });

    expect(faulty).toThrow(/"concurrency" must be a whole number from 1 to 1000; "batchSize" must be/);
  });
});

describe('two consumers of one queue', () => {
  it('handle each message at least once, lose none, and share the work', async () => {
    const queue = await newQueue();
    const texts = Array.from({ length: 40 }, (_, index) => `message ${index}`);
    for (const text of texts) await queue.sendMessage(text);
    const handled: string[][] = [[], []];
    const failed = new Set<string>();

    const consumers = await Promise.all(
      handled.map((mine) =>
        consume(
          queue,
          ({ text }) => {
            // every third message fails at first, and its next receiver must handle it
            if (Number(text.split(' ')[1]) % 3 === 0 && !failed.has(text)) {
              failed.add(text);
              throw new Error('at first');
            }
            mine.push(text);
          },
          { concurrency: 4, batchSize: 4 },
        ),
      ),
    );
    await until(() => consumers[0]!.count('handled') + consumers[1]!.count('handled') >= texts.length);
    await Promise.all(consumers.map(({ consumer }) => consumer.stop()));

    expect([...new Set(handled.flat())].toSorted()).toEqual(texts.toSorted());
    expect(await size(queue.name)).toBe(0);
    expect(await size(`${queue.name}-poison`)).toBe(0);
  });
});

describe('a stop', () => {
  it('lets a running handler end, deletes its message, and receives no other', async () => {
    const queue = await newQueue();
    await queue.sendMessage('running');
    const { handler, begun, open } = gated();

    const { consumer, count } = await consume(queue, handler);
    await until(() => begun.length === 1);
    const stopped = consumer.stop();
    await queue.sendMessage('next');
    open();
    await stopped;

    expect(count('handled')).toBe(1);
    expect(consumer.isRunning).toBe(false);
    expect(begun).toEqual(['running']);
    expect(await visibleTexts(queue.name)).toHaveLength(1);
  });

  it.each([
    ['ends on its signal', (signal: AbortSignal) => once(signal, 'abort').then(() => signal.throwIfAborted())],
    ['never ends', () => new Promise<void>(() => undefined)],
  ])(
    'after its timeout makes the message of a handler that %s visible, without counting a failure',
    async (_how, work) => {
      const queue = await newQueue();
      await queue.sendMessage('unfinished');
      let begun = 0;

      const { consumer, events } = await consume(
        queue,
        (_message, signal) => {
          begun += 1;
          return work(signal);
        },
        { shutdownTimeout: 0.1, visibilityTimeout: 600 },
      );
      await until(() => begun === 1);
      await consumer.stop();

      expect(events).toMatchObject([{ kind: 'released', retryDelay: 0 }]);
      expect(await visibleTexts(queue.name)).toHaveLength(1);
    },
  );

  it('releases the messages of a pending receive without handling them', async () => {
    const { name, unencryptedClient: plain } = await newQueue();
    const receive = plain.receiveMessages.bind(plain);
    let isUnderWay = false;
    let arrive: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    // the service has handed out the message, but its answer has not arrived yet
    plain.receiveMessages = async (options) => {
      const answer = await receive(options);
      isUnderWay = answer.receivedMessageItems.length > 0;
      if (isUnderWay) await arrived;
      return answer;
    };
    const queue = new EncryptedQueueClient(plain, policyOf('2.0'));
    await queue.sendMessage('on the line');

    const { consumer, events } = await consume(queue, () => undefined, { visibilityTimeout: 600 });
    await until(() => isUnderWay);
    const stopped = consumer.stop();
    arrive();
    await stopped;

    expect(events).toMatchObject([{ kind: 'released', retryDelay: 0 }]);
    expect(await visibleTexts(name)).toHaveLength(1);
  });

  it('can be followed by another start', async () => {
    const queue = await newQueue();
    const { consumer, count } = await consume(queue, () => undefined);
    await consumer.stop();
    await queue.sendMessage('between');

    await consumer.start();
    await until(() => count('handled') === 1);
    await consumer.stop();

    expect(await size(queue.name)).toBe(0);
  });
});
