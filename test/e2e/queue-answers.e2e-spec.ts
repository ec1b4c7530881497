import { QueueServiceClient } from '@azure/storage-queue';
import { jest } from '@jest/globals';
import {
  type EncryptedQueueClient,
  EncryptedQueueService,
  isEncryptedStorageError,
  replayPoisonMessages,
} from 'nestjs-azure-encrypted-storage';
import { inspectQueue } from '../../src/inspect/inspect-queue.js';
import { AnswersProxy, withBody, withHeader } from '../support/answers-proxy.js';
import { policyOf } from '../support/blobs.js';
import { consume, newQueue, PATIENCE, plainQueue, size, stopConsumers, until } from '../support/consumers.js';

jest.setTimeout(2 * PATIENCE);
let proxy: AnswersProxy;

beforeAll(async () => {
  proxy = await AnswersProxy.start('Queue');
});
afterEach(async () => {
  proxy.clear();
  await stopConsumers();
});
afterAll(() => proxy.close());

/** A queue with a message, with its clients behind the proxy. */
async function queueWithMessage(): Promise<EncryptedQueueClient> {
  const { name } = await newQueue();
  const service = QueueServiceClient.fromConnectionString(proxy.connectionString, { retryOptions: { maxTries: 1 } });
  const queue = new EncryptedQueueService(() => service, policyOf('2.0')).getQueueClient(name);
  await queue.sendMessage('content');
  return queue;
}

const CALLS: Readonly<Record<string, (queue: EncryptedQueueClient) => Promise<unknown>>> = {
  sendMessage: (queue) => queue.sendMessage('other'),
  receiveMessages: (queue) => queue.receiveMessages({ visibilityTimeout: 1 }),
  peekMessages: (queue) => queue.peekMessages(),
  replayPoisonMessages: (queue) => replayPoisonMessages(queue.unencryptedClient, queue),
  inspect: ({ unencryptedClient: client }) => inspectQueue({ client, messages: 1, policy: null }),
};

const without = (name: string): AnswersProxy['spoil'] =>
  withBody((body) => body.replace(new RegExp(`<${name}>[^<]*</${name}>`), ''));

const BODIES: Readonly<Record<string, AnswersProxy['spoil']>> = {
  'is emptied': withBody(() => ''),
  'is the HTML page of a proxy': withBody(() => '<html><body/></html>'),
  'has invalid messages': withBody(() => '<QueueMessagesList><QueueMessage/></QueueMessagesList>'),
  'has something other than messages': withBody(() => '<QueueMessagesList>text</QueueMessagesList>'),
  'has no message id': without('MessageId'),
};

/** Updates have no body, and a replay starts with the number of messages. */
const isList: AnswersProxy['spoil'] = ({ request }) => /messages(\?|$)/.test(request.url ?? '');
const onLists =
  (spoil: AnswersProxy['spoil']): AnswersProxy['spoil'] =>
  (exchange) =>
    isList(exchange) && spoil(exchange);

describe.each(Object.entries(BODIES))('a successful answer whose body %s', (_what, spoil) => {
  it.each(Object.entries(CALLS))('causes a typed error in %s and loses no message', async (_name, call) => {
    const queue = await queueWithMessage();
    proxy.spoil = onLists(spoil);

    const error: unknown = await call(queue).catch((thrown: unknown) => thrown);

    expect(isEncryptedStorageError(error) ? error.code : String(error)).toBe('INVALID_SERVICE_RESPONSE');
    expect(await size(queue.name)).toBeGreaterThanOrEqual(1);
  });
});

describe('a replay', () => {
  it.each([
    ['no number of messages', 'x-ms-approximate-messages-count', undefined],
    ['an invalid number', 'x-ms-approximate-messages-count', 'many'],
    ['a fractional number', 'x-ms-approximate-messages-count', '1.5'],
    ['a negative number', 'x-ms-approximate-messages-count', '-1'],
    ['no date', 'date', undefined],
    ['an invalid date', 'date', 'yesterday'],
  ])('puts nothing back if the answer has %s', async (_what, name, value) => {
    const queue = await queueWithMessage();
    proxy.spoil = withHeader(name, value);

    const replaying = replayPoisonMessages(queue.unencryptedClient, queue);

    await expect(replaying).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
    expect(await size(queue.name)).toBe(1);
  });
});

describe('a received message', () => {
  it.each(['PopReceipt', 'MessageText', 'DequeueCount', 'InsertionTime'])(
    'without %s causes a typed error',
    async (name) => {
      const queue = await queueWithMessage();
      proxy.spoil = onLists(without(name));

      await expect(queue.receiveMessages()).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
    },
  );
});

describe('a queue without messages', () => {
  it.each(['<QueueMessagesList />', '<?xml version="1.0"?>\n<QueueMessagesList></QueueMessagesList>\n'])(
    'answers %j',
    async (body) => {
      const queue = await queueWithMessage();
      proxy.spoil = onLists(withBody(() => body));

      expect((await queue.receiveMessages()).receivedMessageItems).toEqual([]);
      expect((await queue.peekMessages()).peekedMessageItems).toEqual([]);
    },
  );
});

describe('a consumer', () => {
  it('treats an emptied answer as a failed request, and continues', async () => {
    const queue = await queueWithMessage();
    let emptied = 0;
    proxy.spoil = (exchange) => {
      if (!isList(exchange) || exchange.request.method !== 'GET' || (emptied += 1) > 2) return false;
      return withBody(() => '')(exchange);
    };
    const handled: string[] = [];

    const { events } = await consume(queue, ({ text }) => void handled.push(text), { visibilityTimeout: 1 });
    await until(() => handled.length > 0);

    expect(handled[0]).toBe('content');
    expect(events[0]).toMatchObject({ kind: 'queueUnavailable', error: { code: 'INVALID_SERVICE_RESPONSE' } });
    await until(async () => (await plainQueue(queue.name).getProperties()).approximateMessagesCount === 0);
  });
});
