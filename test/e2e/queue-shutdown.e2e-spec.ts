/** A consumer started while its application closes would outlive it, and receive messages that nobody handles. */
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { jest } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { EncryptedQueueConsumers, EncryptedQueueHandler, EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { PATIENCE } from '../support/consumers.js';
import { optionsOf, SILENT } from '../support/nest.js';

jest.setTimeout(2 * PATIENCE);

it('a consumer restarted while its application closes does not run', async () => {
  const queue = uniqueName('closing');

  @Injectable()
  class RestartingHandler implements BeforeApplicationShutdown {
    constructor(private readonly consumers: EncryptedQueueConsumers) {}

    @EncryptedQueueHandler(queue, { createIfNotExists: true })
    handle(): void {
      // the queue is empty
    }

    async beforeApplicationShutdown(): Promise<void> {
      await this.consumers.get(queue).start();
    }
  }

  const root = EncryptedStorageModule.forRoot(optionsOf());
  const built = await Test.createTestingModule({ imports: [root], providers: [RestartingHandler] })
    .setLogger(SILENT)
    .compile();
  const app = await built.init();
  const consumer = app.get(EncryptedQueueConsumers).get(queue);

  await consumer.stop();
  await consumer.start();
  expect(consumer.isRunning).toBe(true);

  await app.close();
  try {
    expect(consumer.isRunning).toBe(false);
  } finally {
    await consumer.stop();
  }
});
