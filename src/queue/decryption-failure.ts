/** What is reported about a message that cannot be decrypted. */
import type { PeekedMessageItem, QueueClient, ReceivedMessageItem } from '@azure/storage-queue';
import type { EncryptedStorageError } from '../errors/base.js';

/** A message that was left out of the result because it could not be decrypted. */
export interface QueueDecryptionFailure {
  /**
   * The message as stored: its text is the ciphertext. A received message is already invisible, and its dequeue count has
   * increased.
   */
  readonly message: ReceivedMessageItem | PeekedMessageItem;
  readonly error: EncryptedStorageError;
  readonly queueName: string;
  /** The plain client, to delete the message or to move it. Not enumerable: a log would show the key that it connects with. */
  readonly queue: QueueClient;
}

export const decryptionFailure = ({
  message,
  error,
  queue,
}: Omit<QueueDecryptionFailure, 'queueName'>): QueueDecryptionFailure =>
  Object.defineProperty({ message, error, queueName: queue.name }, 'queue', {
    value: queue,
  }) as unknown as QueueDecryptionFailure;

/** Called with each message that cannot be decrypted. An error that it throws makes the call reject. */
export type QueueDecryptionFailedHandler = (failure: QueueDecryptionFailure) => void | Promise<void>;
