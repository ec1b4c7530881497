import type { ReceivedMessageItem } from '@azure/storage-queue';
import { UnprocessableMessageError } from '../../errors/input.js';

/** A decrypted message, as a handler gets it. */
export class EncryptedQueueMessage {
  readonly id: string;
  /** How often it was received, including this time. */
  readonly dequeueCount: number;
  readonly insertedOn: Date;
  readonly expiresOn: Date;

  constructor(
    item: ReceivedMessageItem,
    /** The exact content. This is the only safe way to read bytes that may not be UTF-8. */
    readonly bytes: Buffer,
  ) {
    this.id = item.messageId;
    this.dequeueCount = item.dequeueCount;
    this.insertedOn = item.insertedOn;
    this.expiresOn = item.expiresOn;
  }

  /** The content decoded as UTF-8, with U+FFFD in place of invalid bytes. Read messages that may not be UTF-8 from `bytes`. */
  get text(): string {
    return this.bytes.toString('utf8');
  }

  /**
   * Parses the content as JSON. The sender determines what it contains, so validate it before you use it.
   *
   * @throws `UNPROCESSABLE_MESSAGE` if it is not JSON. If the handler does not catch it, the message goes to the poison queue.
   */
  json(): unknown {
    try {
      return JSON.parse(this.text);
    } catch {
      // the error of the parser quotes the text
      throw new UnprocessableMessageError('The message is not JSON: send JSON, or read "text" or "bytes"');
    }
  }
}

/**
 * Handles one message. When it returns, the message is deleted. When it throws, the message comes again later.
 *
 * @param signal - aborted when the consumer stops and the handler's time is up, and when the message is lost to another consumer
 */
export type EncryptedQueueMessageHandler = (
  message: EncryptedQueueMessage,
  signal: AbortSignal,
) => void | Promise<void>;
