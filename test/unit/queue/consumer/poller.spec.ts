import { AnonymousCredential, type HttpOperationResponse, newPipeline, QueueServiceClient } from '@azure/storage-queue';
import { settingsOf } from '../../../../src/queue/consumer/consumer-options.js';
import { Poller } from '../../../../src/queue/consumer/poller.js';
import { EncryptedQueueService } from '../../../../src/queue/encrypted-queue.service.js';
import { policyOf } from '../../../support/blobs.js';
import { ManualClock, settled } from '../../../support/manual-clock.js';

/** Seconds that the service needs for a receive. */
const RECEIVE_SECONDS = 0.05;
const CONCURRENCY = 4;

/** A queue that never runs empty, and a consumer whose handlers end when the test decides. */
function endlessQueue(batchSize = 32) {
  const clock = new ManualClock();
  /** How many messages each receive requested. */
  const asked: number[] = [];
  const stored = Buffer.from('stored in plaintext').toString('base64');
  let received = 0;
  const item = (): string =>
    `<QueueMessage><MessageId>${++received}</MessageId><InsertionTime>Mon, 02 Nov 2026 08:00:00 GMT</InsertionTime>` +
    '<ExpirationTime>Mon, 09 Nov 2026 08:00:00 GMT</ExpirationTime><PopReceipt>receipt</PopReceipt>' +
    '<TimeNextVisible>Mon, 02 Nov 2026 08:01:00 GMT</TimeNextVisible><DequeueCount>1</DequeueCount>' +
    `<MessageText>${stored}</MessageText></QueueMessage>`;
  const httpClient = {
    sendRequest: async (request: HttpOperationResponse['request']): Promise<HttpOperationResponse> => {
      const headers = request.headers.clone();
      for (const name of headers.headerNames()) headers.remove(name);
      if (request.method !== 'GET') return { request, status: 204, headers };
      headers.set('content-type', 'application/xml');
      const { searchParams } = new URL(request.url);
      const count = Number(searchParams.get('numofmessages'));
      if (!searchParams.has('peekonly')) {
        clock.jump(RECEIVE_SECONDS);
        asked.push(count);
      }
      const bodyAsText = `<QueueMessagesList>${Array.from({ length: count }, item).join('')}</QueueMessagesList>`;
      return { request, status: 200, headers, bodyAsText };
    },
  };
  const pipeline = newPipeline(new AnonymousCredential(), { httpClient, retryOptions: { maxTries: 1 } });
  const service = new QueueServiceClient('http://127.0.0.1:1/account', pipeline);
  const queue = new EncryptedQueueService(() => service, policyOf('2.0', { requireEncryption: false }));
  const ends: (() => void)[] = [];
  const poller = new Poller({
    queue: queue.getQueueClient('referrals').forConsumer(),
    poisonQueue: service.getQueueClient('referrals-poison'),
    handler: () => new Promise<void>((resolve) => ends.push(resolve)),
    settings: settingsOf('referrals', { concurrency: CONCURRENCY, batchSize, visibilityTimeout: 3600 }),
    clock,
    report: () => undefined,
  });
  /** Ends this number of running handlers, and lets the requests that follow finish. */
  const end = async (count: number): Promise<void> => {
    for (const done of ends.splice(0, count)) done();
    await quiet();
  };
  return { poller, clock, asked, ends, end };
}

/** The client of the SDK needs several turns of the event loop for a request. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await settled();
}

describe('a poller', () => {
  it('fetches for half of its slots at once if they become free within the time of a receive', async () => {
    const { poller, asked, end } = endlessQueue();
    poller.start();
    await quiet();
    expect(asked).toEqual([4]);

    await end(1);
    expect(asked).toEqual([4]);
    await end(1);
    expect(asked).toEqual([4, 2]);

    const stopped = poller.stop();
    await end(4);
    await stopped;
  });

  it('fetches for a single slot after the time of a receive while slow handlers occupy the others', async () => {
    const { poller, clock, asked, end } = endlessQueue();
    poller.start();
    await quiet();

    await end(1);
    await clock.advance(RECEIVE_SECONDS - 0.001);
    await quiet();
    expect(asked).toEqual([4]);
    await clock.advance(0.001);
    await quiet();
    expect(asked).toEqual([4, 1]);

    const stopped = poller.stop();
    await end(4);
    await stopped;
  });

  it('fetches at once if the free slots are as many as one request may fill', async () => {
    const { poller, asked, end } = endlessQueue(1);
    poller.start();
    await quiet();
    expect(asked).toEqual([1, 1, 1, 1]);

    await end(1);
    expect(asked).toEqual([1, 1, 1, 1, 1]);

    const stopped = poller.stop();
    await end(4);
    await stopped;
  });

  it('fetches nothing more once it is stopped, and does not wait for other slots', async () => {
    const { poller, clock, asked, end } = endlessQueue();
    poller.start();
    await quiet();
    await end(1);

    const stopped = poller.stop();
    await end(3);
    await stopped;

    expect(asked).toEqual([4]);
    expect(clock.waiting).toBe(0);
  });
});
