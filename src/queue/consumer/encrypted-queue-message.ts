import type { ReceivedMessageItem } from '@azure/storage-queue';
import { UnprocessableMessageError } from '../../errors/input.js';

/** A message as a handler gets it: decrypted. */
export class EncryptedQueueMessage {
  readonly id: string;
  /** How often it was received, this time included. */
  readonly dequeueCount: number;
  readonly insertedOn: Date;
  readonly expiresOn: Date;

  constructor(
    item: ReceivedMessageItem,
    /** The exact content; the only safe way to read bytes that may not be UTF-8. */
    readonly bytes: Buffer,
  ) {
    this.id = item.messageId;
    this.dequeueCount = item.dequeueCount;
    this.insertedOn = item.insertedOn;
    this.expiresOn = item.expiresOn;
  }

  /** The content read as UTF-8, with U+FFFD in place of what is not UTF-8: read such a message from `bytes`. */
  get text(): string {
    return this.bytes.toString('utf8');
  }

  /**
   * The content read as JSON. What it holds is up to whoever sent it: check it before you trust it.
   *
   * @throws `UNPROCESSABLE_MESSAGE` if it is no JSON; thrown on from a handler it sends the message to the poison queue
   */
  json(): unknown {
    try {
      return JSON.parse(this.text);
    } catch {
      // the parser's own error quotes the text
      throw new UnprocessableMessageError('The message is not JSON: send JSON, or read "text" or "bytes"');
    }
  }
}

/**
 * Handles one message. When it returns, the message is deleted; when it throws, the message comes again later.
 *
 * @param signal - aborted when the consumer stops and its time is up, and when somebody else got the message
 */
export type EncryptedQueueMessageHandler = (
  message: EncryptedQueueMessage,
  signal: AbortSignal,
) => void | Promise<void>;
