import {
  EncryptedQueueConsumer,
  type EncryptedQueueConsumerOptions,
  type EncryptedQueueMessageHandler,
  type EncryptedQueueService,
} from 'nestjs-azure-encrypted-storage';

/** In seconds. */
const QUICK: EncryptedQueueConsumerOptions = {
  ...{ concurrency: 4, visibilityTimeout: 2, shutdownTimeout: 1, maxFailures: 2 },
  ...{ minPollDelay: 0.02, maxPollDelay: 0.2, minRetryDelay: 0, maxRetryDelay: 1 },
};

/** A consumer that quickly receives messages again that it, or a killed process, had received. */
export function quickConsumer(
  queues: EncryptedQueueService,
  name: string,
  handler: EncryptedQueueMessageHandler,
): EncryptedQueueConsumer {
  const source = {
    queue: queues.getQueueClient(name),
    getPoisonQueue: (poison: string) => queues.unencryptedServiceClient.getQueueClient(poison),
  };
  return new EncryptedQueueConsumer(source, handler, QUICK);
}
