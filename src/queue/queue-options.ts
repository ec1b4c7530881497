/** Options of a queue client, and of its calls beside the SDK's own. */
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { QueueDecryptionFailedHandler } from './decryption-failure.js';
import type { MessageEncoding } from './message-encoding.js';

/** What all calls of a queue client share. */
export interface EncryptedQueueOptions {
  /** What a message looks like inside the ciphertext; default `text`. */
  readonly messageEncoding?: MessageEncoding;
  /** For every receive and peek that has no handler of its own; default none: such a message makes the call throw. */
  readonly onDecryptionFailed?: QueueDecryptionFailedHandler;
}

/** Beside the SDK's own options of a call that writes a message. */
export type EncryptedSendOptions = KeyChoiceOptions;

/** Beside the SDK's own options of a call that reads messages. */
export interface EncryptedReceiveOptions {
  /** For this call, in place of the service's handler. */
  readonly onDecryptionFailed?: QueueDecryptionFailedHandler;
}
