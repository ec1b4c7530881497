import { AnonymousCredential, newPipeline, QueueServiceClient } from '@azure/storage-queue';
import { jest } from '@jest/globals';
import { EncryptedQueueConsumer } from '../../../../src/queue/consumer/encrypted-queue-consumer.js';
import { EncryptedQueueService } from '../../../../src/queue/encrypted-queue.service.js';
import { policyOf } from '../../../support/blobs.js';

describe('a consumer of a service that never responds', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function consumer(): EncryptedQueueConsumer {
    const httpClient = { sendRequest: () => new Promise<never>(() => undefined) };
    const pipeline = newPipeline(new AnonymousCredential(), { httpClient });
    const service = new QueueServiceClient('http://127.0.0.1:1/account', pipeline);
    const queue = new EncryptedQueueService(() => service, policyOf('2.0')).getQueueClient('referrals');
    const getPoisonQueue = (name: string) => service.getQueueClient(name);
    return new EncryptedQueueConsumer({ queue, getPoisonQueue }, () => undefined);
  }

  it('starts anyway, because the service may recover', async () => {
    const waiting = consumer();
    const starting = waiting.start();
    await jest.advanceTimersByTimeAsync(60_000);

    await starting;

    expect(waiting.isRunning).toBe(true);
    const stopping = waiting.stop();
    await jest.advanceTimersByTimeAsync(120_000);
    await stopping;
  });

  it('can be stopped and started again while it starts', async () => {
    const waiting = consumer();
    const first = waiting.start();
    await waiting.stop();
    const second = waiting.start();
    await jest.advanceTimersByTimeAsync(60_000);

    await Promise.all([first, second]);

    expect(waiting.isRunning).toBe(true);
    const stopping = waiting.stop();
    await jest.advanceTimersByTimeAsync(120_000);
    await stopping;
  });
});
