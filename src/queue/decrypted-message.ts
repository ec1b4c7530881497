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

/** Received messages, decrypted. */
export type EncryptedReceiveResponse = Omit<QueueReceiveMessageResponse, 'receivedMessageItems'> & {
  receivedMessageItems: Decrypted<ReceivedMessageItem>[];
};
/** Peeked messages, decrypted. */
export type EncryptedPeekResponse = Omit<QueuePeekMessagesResponse, 'peekedMessageItems'> & {
  peekedMessageItems: Decrypted<PeekedMessageItem>[];
};
