/** Options of a queue client, and options of its calls in addition to those of the SDK. */
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { QueueDecryptionFailedHandler } from './decryption-failure.js';
import type { MessageEncoding } from './message-encoding.js';

/** Options that all calls of a queue client share. */
export interface EncryptedQueueOptions {
  /** How a message is encoded inside the ciphertext. Default: `text`. */
  readonly messageEncoding?: MessageEncoding;
  /**
   * Used for every receive and peek that has no handler. Default: none, so a message that cannot be decrypted makes the call
   * throw.
   */
  readonly onDecryptionFailed?: QueueDecryptionFailedHandler;
  /** Whether objects that are sent as JSON contain the trace of their sender, which consumers continue. Default: `false`. */
  readonly traceContext?: boolean;
}

/** In addition to the SDK's options of a call that writes a message. */
export type EncryptedSendOptions = KeyChoiceOptions;

/** In addition to the SDK's options of a call that reads messages. */
export interface EncryptedReceiveOptions {
  /** Replaces the handler of the service for this call. */
  readonly onDecryptionFailed?: QueueDecryptionFailedHandler;
}
