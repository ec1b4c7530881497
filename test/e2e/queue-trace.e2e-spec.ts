import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedQueueConsumer, EncryptedQueueService } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { policyOf } from '../support/blobs.js';
import { recordSpans } from '../support/recorded-spans.js';

const recorder = recordSpans();

describe('a handler of a queue with traceContext', () => {
  it('continues the trace of the sender, and receives the value without it', async () => {
    const service = QueueServiceClient.fromConnectionString(connectionString());
    const queues = new EncryptedQueueService(() => service, policyOf('2.0'), { traceContext: true });
    const queue = queues.getQueueClient(uniqueName('traced'));
    let resolve: (value: [unknown, string]) => void = () => undefined;
    const handled = new Promise<[unknown, string]>((settle) => (resolve = settle));
    const consumer = new EncryptedQueueConsumer(
      { queue, getPoisonQueue: (name) => service.getQueueClient(name) },
      (message) => {
        resolve([message.json(), message.text]);
      },
      { createIfNotExists: true, minPollDelay: 0.01, maxPollDelay: 0.05 },
    );
    await queue.createIfNotExists();
    await queue.sendJson({ patient: 'jane' });
    const before = recorder.spans.length;

    await consumer.start();
    const [value, text] = await handled;
    await consumer.stop();

    expect(value).toEqual({ patient: 'jane' });
    expect(JSON.parse(text)).toEqual({
      patient: 'jane',
      traceparent: expect.any(String) as string,
      tracestate: 'vendor=1',
    });
    expect(recorder.spans.slice(before).map(({ path }) => path)).toContain(
      'EncryptedQueueClient.sendJson > EncryptedQueueConsumer.handle',
    );
  });
});
