import type { QueuedJobs } from '../../maintenance/queued/queued-jobs.js';
import { parseQueuedMessage } from '../../maintenance/queued/queued-message.js';
import type { EncryptedQueueMessage } from '../../queue/consumer/encrypted-queue-message.js';
import { type EncryptedQueueHandlerOptions, recordQueueHandler } from '../consumers/queue-handler-metadata.js';

/** Handles the messages of the queue through which processes share jobs. */
export class MaintenanceQueueHandler {
  constructor(private readonly queued: QueuedJobs) {}

  handle(message: EncryptedQueueMessage, signal: AbortSignal): Promise<void> {
    return this.queued.handle(parseQueuedMessage(message.json()), signal);
  }
}

/** A separate class for each queue, because the queue is recorded on the class. */
export function handlerOf(queue: string, options: EncryptedQueueHandlerOptions): typeof MaintenanceQueueHandler {
  class MaintenanceShards extends MaintenanceQueueHandler {}
  recordQueueHandler(MaintenanceShards.prototype, 'handle', { queue, options });
  return MaintenanceShards;
}
