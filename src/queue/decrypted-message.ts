import type {
  PeekedMessageItem,
  QueuePeekMessagesResponse,
  QueueReceiveMessageResponse,
  ReceivedMessageItem,
} from '@azure/storage-queue';

/** A message as the application reads it. */
export type Decrypted<Item> = Item & {
  /**
   * The exact content. `messageText` is the same read as UTF-8, with U+FFFD in place of what is not UTF-8: read a message that may
   * hold other bytes from here.
   */
  readonly messageBytes: Buffer;
};

/** An answer with its messages decrypted. */
export type Received = Omit<QueueReceiveMessageResponse, 'receivedMessageItems'> & {
  receivedMessageItems: Decrypted<ReceivedMessageItem>[];
};
export type Peeked = Omit<QueuePeekMessagesResponse, 'peekedMessageItems'> & {
  peekedMessageItems: Decrypted<PeekedMessageItem>[];
};
