/** What becomes of a message that cannot be decrypted, and whether that is the message's fault at all. */
import type { PeekedMessageItem, QueueClient, ReceivedMessageItem } from '@azure/storage-queue';
import { type EncryptedStorageError, isEncryptedStorageError } from '../errors.js';

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

/** A key that cannot be reached, options that cannot work and errors of others say nothing about the message. */
export const isMessagesFault = (error: unknown): error is EncryptedStorageError =>
  isEncryptedStorageError(error) && error.code !== 'KEY_UNAVAILABLE' && error.code !== 'INVALID_OPTIONS';
