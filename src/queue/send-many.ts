import type { QueueSendMessageOptions, QueueSendMessageResponse } from '@azure/storage-queue';
import { InvalidOptionsError } from '../errors/input.js';
import { boundedMap } from '../streams/bounded-map.js';
import type { EncryptedSendOptions } from './queue-options.js';

const DEFAULT_CONCURRENCY = 16;

/** Options of a call that sends many messages. They apply to each of them. */
export interface SendManyOptions extends QueueSendMessageOptions, EncryptedSendOptions {
  /** Maximum number of messages that are being sent at the same time, 1 or more. The default is 16. */
  readonly concurrency?: number;
}

export function sendMany<Item>(
  items: readonly Item[],
  { concurrency = DEFAULT_CONCURRENCY, ...options }: SendManyOptions,
  send: (item: Item, options: QueueSendMessageOptions & EncryptedSendOptions) => Promise<QueueSendMessageResponse>,
): Promise<PromiseSettledResult<QueueSendMessageResponse>[]> {
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    return Promise.reject(new InvalidOptionsError(['"concurrency" must be a whole number of 1 or more']));
  }
  return boundedMap([...items], concurrency, async (item) => {
    const [outcome] = await Promise.allSettled([send(item, options)]);
    return outcome;
  });
}
