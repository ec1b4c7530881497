import type {
  PeekedMessageItem,
  QueueClient,
  QueueDeleteMessageOptions,
  QueueDeleteMessageResponse,
  QueuePeekMessagesOptions,
  QueueReceiveMessageOptions,
  QueueSendMessageOptions,
  QueueSendMessageResponse,
  QueueUpdateMessageOptions,
  QueueUpdateMessageResponse,
  ReceivedMessageItem,
} from '@azure/storage-queue';
import type { OperationOptions } from '@azure/core-client';
import type { MaintenanceSource } from '../envelope/maintenance/maintained.js';
import { isForHandler } from '../envelope/content-fault.js';
import { keyOperation } from '../envelope/key-operation.js';
import { assertPolicy, type EncryptionPolicy, keysOf, policyWith } from '../envelope/encryption-policy.js';
import type { KeyEncryptionKey } from '../keys/key-encryption-key.js';
import { boundedMap } from '../streams/bounded-map.js';
import { TimeSlice } from '../streams/time-slice.js';
import { traced } from '../tracing/span.js';
import { traceHeadersOf } from '../tracing/trace-context.js';
import { decryptionFailure, type QueueDecryptionFailedHandler } from './decryption-failure.js';
import type { Decrypted, EncryptedPeekResponse, EncryptedReceiveResponse } from './decrypted-message.js';
import { jsonText } from './json-text.js';
import { MaintainedPoison } from './maintenance/maintained-poison.js';
import type { QueueMaintenanceOptions } from './maintenance/queue-maintenance-options.js';
import { ManagedQueue } from './managed-queue.js';
import { type MessageContext, openMessage, sealMessage } from './message-envelope.js';
import type { EncryptedQueueOptions, EncryptedReceiveOptions, EncryptedSendOptions } from './queue-options.js';
import { sendMany, type SendManyOptions } from './send-many.js';
import { peekStored, receiveStored, sendStored } from './service-answer.js';

/**
 * A queue with encrypted messages. Each message, even an empty one, is encrypted under its own content key.
 *
 * @example
 * ```ts
 * import type { EncryptedQueueClient } from 'nestjs-azure-encrypted-storage';
 *
 * export async function relay(from: EncryptedQueueClient, to: EncryptedQueueClient): Promise<void> {
 *   const { receivedMessageItems } = await from.receiveMessages({ numberOfMessages: 32 });
 *   for (const message of receivedMessageItems) {
 *     await to.sendMessage(message.messageText);
 *     await from.deleteMessage(message.messageId, message.popReceipt);
 *   }
 * }
 * ```
 */
export class EncryptedQueueClient<T = unknown> extends ManagedQueue {
  constructor(
    unencryptedClient: QueueClient,
    private readonly policy: EncryptionPolicy,
    private readonly options: EncryptedQueueOptions = {},
  ) {
    super(unencryptedClient);
    assertPolicy(policy);
  }

  /** Whether messages that are sent as JSON contain the trace of their sender, which consumers continue. */
  get traceContext(): boolean {
    return this.options.traceContext ?? false;
  }

  /** The same queue for a consumer, which reports failures itself and calls the key for every message. */
  forConsumer(): EncryptedQueueClient<T> {
    const policy = policyWith(this.policy, { onReadFailed: undefined, keys: keysOf(this.policy).withoutCache() });
    return new EncryptedQueueClient<T>(this.unencryptedClient, policy, this.options);
  }

  /** The messages of this queue that are in its poison queue, as a source of {@link runMaintenance}. */
  forMaintenance(poisonQueue: QueueClient, options: QueueMaintenanceOptions = {}): MaintenanceSource {
    return new MaintainedPoison({ queue: this.name, poisonQueue, policy: this.policy }, options);
  }

  /**
   * Encrypts and sends a message, which is text or bytes. Python, Java and this package read bytes that are not UTF-8 unchanged;
   * .NET v12 reads every message as text.
   *
   * @throws `PAYLOAD_TOO_LARGE` with limit and actual size (the stored text may have at most 65,536 bytes), `UNSUPPORTED_VALUE`
   * for content that is neither text nor bytes or has a lone surrogate, `KEY_MISSING`, `KEY_WRAP_FAILED`, `KEY_UNAVAILABLE`,
   * `UNSUPPORTED_OPERATION` for bytes under the encoding `xml`. All of them are thrown before any request to the queue.
   */
  sendMessage(
    content: string | ArrayBuffer | ArrayBufferView,
    options: QueueSendMessageOptions & EncryptedSendOptions = {},
  ): Promise<QueueSendMessageResponse> {
    return traced('EncryptedQueueClient.sendMessage', options, async ({ keyEncryptionKey, ...passed }) => {
      const text = await sealMessage(content, this.contextOf(passed, keyEncryptionKey));
      return sendStored(this.unencryptedClient, text, passed);
    });
  }

  /**
   * Sends a value as JSON, whose text is the content of the message. Other SDKs read it like any other text. With the option
   * `traceContext` of the queue, an object also gets the members `traceparent` and `tracestate` of W3C Trace Context.
   *
   * @throws `UNSUPPORTED_VALUE` for a value that JSON cannot represent, and as {@link EncryptedQueueClient.sendMessage}
   *
   * @example
   * ```ts
   * import type { EncryptedQueueClient } from 'nestjs-azure-encrypted-storage';
   *
   * interface Referral {
   *   readonly patient: string;
   * }
   *
   * export async function refer(referrals: EncryptedQueueClient<Referral>, patient: string): Promise<string> {
   *   const { messageId } = await referrals.sendJson({ patient });
   *   return messageId;
   * }
   * ```
   */
  sendJson(value: T, options: QueueSendMessageOptions & EncryptedSendOptions = {}): Promise<QueueSendMessageResponse> {
    return traced('EncryptedQueueClient.sendJson', options, async (traceable) =>
      this.sendMessage(jsonText(value, this.traceContext ? traceHeadersOf(traceable) : {}), traceable),
    );
  }

  /**
   * Sends many messages, several at once and in no particular order. A failure does not stop the others.
   *
   * @returns the outcome of each message, in the order of the messages, as `Promise.allSettled` returns it
   */
  sendMessages(
    contents: readonly (string | ArrayBuffer | ArrayBufferView)[],
    options: SendManyOptions = {},
  ): Promise<PromiseSettledResult<QueueSendMessageResponse>[]> {
    return sendMany(contents, options, (content, passed) => this.sendMessage(content, passed));
  }

  /** Sends many values as JSON. The rest is as in {@link EncryptedQueueClient.sendMessages}. */
  sendJsonMessages(
    values: readonly T[],
    options: SendManyOptions = {},
  ): Promise<PromiseSettledResult<QueueSendMessageResponse>[]> {
    return sendMany(values, options, (value, passed) => this.sendJson(value, passed));
  }

  /**
   * Receives and decrypts messages. If there is a handler, a message that cannot be decrypted is passed to it and left out of the
   * result, and the other messages arrive. Without a handler the call throws. A key that cannot be reached (`KEY_UNAVAILABLE`)
   * always makes the call throw, because that is never the message's fault.
   *
   * @throws `PLAINTEXT_NOT_ALLOWED`, `INVALID_ENCRYPTION_METADATA`, `UNSUPPORTED_PROTOCOL`, `DECRYPTION_FAILED` and the key errors
   */
  receiveMessages(
    options: QueueReceiveMessageOptions & EncryptedReceiveOptions = {},
  ): Promise<EncryptedReceiveResponse> {
    return traced('EncryptedQueueClient.receiveMessages', options, async ({ onDecryptionFailed, ...passed }) => {
      const response = await receiveStored(this.unencryptedClient, passed);
      const receivedMessageItems = await this.openAll(response.receivedMessageItems, passed, onDecryptionFailed);
      return { ...response, receivedMessageItems };
    });
  }

  /** Reads messages without receiving them. Failures are handled as in {@link EncryptedQueueClient.receiveMessages}. */
  peekMessages(options: QueuePeekMessagesOptions & EncryptedReceiveOptions = {}): Promise<EncryptedPeekResponse> {
    return traced('EncryptedQueueClient.peekMessages', options, async ({ onDecryptionFailed, ...passed }) => {
      const response = await peekStored(this.unencryptedClient, passed);
      const peekedMessageItems = await this.openAll(response.peekedMessageItems, passed, onDecryptionFailed);
      return { ...response, peekedMessageItems };
    });
  }

  /**
   * Decrypts the stored text of a message that another component received, such as the plain client or an Azure Function.
   *
   * @returns the exact content
   * @throws as {@link EncryptedQueueClient.receiveMessages} without a handler
   */
  decryptMessage(storedText: string, options: OperationOptions = {}): Promise<Buffer> {
    return traced('EncryptedQueueClient.decryptMessage', options, async (traceable) =>
      openMessage(storedText, this.contextOf(traceable)),
    );
  }

  /**
   * Changes a received message. New content is encrypted under a new content key. Without content (`undefined`), only the
   * visibility changes, and the stored text remains unchanged.
   *
   * @throws as {@link EncryptedQueueClient.sendMessage}
   */
  updateMessage(
    messageId: string,
    popReceipt: string,
    content?: string | ArrayBuffer | ArrayBufferView,
    visibilityTimeout?: number,
    options: QueueUpdateMessageOptions & EncryptedSendOptions = {},
  ): Promise<QueueUpdateMessageResponse> {
    return traced('EncryptedQueueClient.updateMessage', options, async ({ keyEncryptionKey, ...passed }) => {
      const context = this.contextOf(passed, keyEncryptionKey);
      const text = content === undefined ? undefined : await sealMessage(content, context);
      return this.unencryptedClient.updateMessage(messageId, popReceipt, text, visibilityTimeout, passed);
    });
  }

  /** Deletes a received message. */
  deleteMessage(
    messageId: string,
    popReceipt: string,
    options?: QueueDeleteMessageOptions,
  ): Promise<QueueDeleteMessageResponse> {
    return this.unencryptedClient.deleteMessage(messageId, popReceipt, options);
  }

  private contextOf(options: OperationOptions, keyEncryptionKey?: KeyEncryptionKey): MessageContext {
    const { accountName: account, name: queue } = this.unencryptedClient;
    return {
      policy: this.policy,
      encoding: this.options.messageEncoding ?? 'text',
      slice: new TimeSlice(),
      target: { kind: 'queue', account, queue },
      form: 'message',
      operation: keyOperation(options),
      keyEncryptionKey,
    };
  }

  private async openAll<Item extends ReceivedMessageItem | PeekedMessageItem>(
    items: readonly Item[],
    options: OperationOptions,
    handler = this.options.onDecryptionFailed,
  ): Promise<Decrypted<Item>[]> {
    const context = this.contextOf(options);
    const outcomes = await boundedMap(items, keysOf(this.policy).concurrency, async (message) => {
      const [outcome] = await Promise.allSettled([openMessage(message.messageText, context)]);
      return { message, outcome };
    });
    const opened: Decrypted<Item>[] = [];
    for (const { message, outcome } of outcomes) {
      if (outcome.status === 'rejected') await this.report(message, outcome.reason, handler);
      else {
        const messageBytes = outcome.value;
        opened.push(Object.assign(message, { messageText: messageBytes.toString('utf8'), messageBytes }));
      }
    }
    return opened;
  }

  private async report(
    message: ReceivedMessageItem | PeekedMessageItem,
    error: unknown,
    handler: QueueDecryptionFailedHandler | undefined,
  ): Promise<void> {
    if (handler === undefined || !isForHandler(error)) throw error;
    await handler(decryptionFailure({ message, error, queue: this.unencryptedClient }));
  }
}
