import type {
  PeekedMessageItem,
  QueuePeekMessagesResponse,
  QueueReceiveMessageResponse,
  ReceivedMessageItem,
} from '@azure/storage-queue';

/** A decrypted message. */
export type Decrypted<Item> = Item & {
  /**
   * The exact content. `messageText` is the same content decoded as UTF-8, with U+FFFD in place of invalid bytes. If a message
   * may contain other bytes, read it from here.
   */
  readonly messageBytes: Buffer;
};

/** A response with decrypted messages. */
export type Received = Omit<QueueReceiveMessageResponse, 'receivedMessageItems'> & {
  receivedMessageItems: Decrypted<ReceivedMessageItem>[];
};
export type Peeked = Omit<QueuePeekMessagesResponse, 'peekedMessageItems'> & {
  peekedMessageItems: Decrypted<PeekedMessageItem>[];
};
