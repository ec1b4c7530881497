import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EncryptedQueueConsumers } from './encrypted-queue-consumers.js';
import { QueueHandlerExplorer } from './queue-handler.explorer.js';

/** One per application, even with several accounts. A handler names its account itself. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [QueueHandlerExplorer, EncryptedQueueConsumers],
  exports: [EncryptedQueueConsumers],
})
export class QueueConsumersModule {}
