/** Passes a message to its handler, in a span that continues the trace of the sender if the message contains one. */
import type { ReceivedMessageItem } from '@azure/storage-queue';
import { traced } from '../../tracing/span.js';
import { continuing } from '../../tracing/trace-context.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { tracedJson } from '../json-text.js';
import { EncryptedQueueMessage, type EncryptedQueueMessageHandler } from './encrypted-queue-message.js';

interface CalledHandler {
  readonly queue: EncryptedQueueClient;
  readonly handler: EncryptedQueueMessageHandler;
}

export async function callHandler(
  { queue, handler }: CalledHandler,
  { item, bytes }: { readonly item: ReceivedMessageItem; readonly bytes: Buffer },
  signal: AbortSignal,
): Promise<void> {
  const json = queue.traceContext ? tracedJson(bytes) : undefined;
  const message = new EncryptedQueueMessage(item, bytes, json);
  await traced('EncryptedQueueConsumer.handle', continuing(json?.headers ?? {}), async () => handler(message, signal));
}
