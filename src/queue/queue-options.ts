/** Options of a queue client, and options of its calls in addition to those of the SDK. */
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { QueueDecryptionFailedHandler } from './decryption-failure.js';
import type { MessageEncoding } from './message-encoding.js';

/** Options that all calls of a queue client share. */
export interface EncryptedQueueOptions {
  /**
   * How a message is encoded inside the ciphertext.
   *
   * @defaultValue 'text'
   */
  readonly messageEncoding?: MessageEncoding;
  /**
   * Called for messages that cannot be decrypted, which are then left out. Used for every receive and peek that has no handler.
   * Without it, such a message makes the call throw.
   */
  readonly onDecryptionFailed?: QueueDecryptionFailedHandler;
  /**
   * Whether objects that are sent with `sendJson` contain the trace of their sender inside the ciphertext, in the members
   * `traceparent` and `tracestate`, and handlers continue it. Other readers of the queue see the two members.
   *
   * @defaultValue false
   */
  readonly traceContext?: boolean;
}

/** In addition to the SDK's options of a call that writes a message. */
export type EncryptedSendOptions = KeyChoiceOptions;

/** In addition to the SDK's options of a call that reads messages. */
export interface EncryptedReceiveOptions {
  /** Replaces the handler of the service for this call. */
  readonly onDecryptionFailed?: QueueDecryptionFailedHandler;
}
