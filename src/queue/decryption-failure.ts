/** What is told of a message that cannot be decrypted. */
import type { PeekedMessageItem, QueueClient, ReceivedMessageItem } from '@azure/storage-queue';
import type { EncryptedStorageError } from '../errors/base.js';

/** A message that was left out of the answer because it could not be decrypted. */
export interface QueueDecryptionFailure {
  /** As stored: its text is the ciphertext. Received messages are invisible by now, their dequeue count has grown. */
  readonly message: ReceivedMessageItem | PeekedMessageItem;
  readonly error: EncryptedStorageError;
  readonly queueName: string;
  /** The plain client, to delete the message or to move it elsewhere. */
  readonly queue: QueueClient;
}

/** Told of each message that cannot be decrypted. What it throws rejects the call. */
export type QueueDecryptionFailedHandler = (failure: QueueDecryptionFailure) => void | Promise<void>;
