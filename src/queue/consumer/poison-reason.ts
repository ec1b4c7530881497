/**
 * Why a message is in the poison queue, as far as that may be revealed. Protocol 1.0 does not detect changes. Someone who can
 * send messages and read the poison queue could send changed copies of a message, and would learn its content bit by bit if the
 * queue showed whether a copy could not be decrypted, or was decrypted and rejected. So in 1.0 all of these have the same reason
 * and take the same path: the same number of tries, with the same delays. A failed unwrap depends only on the wrapped key, and
 * has its own reason.
 */
import { isAuthenticated } from '../../envelope/authenticity.js';
import type { EncryptedStorageErrorCode } from '../../errors/any-error.js';
import { parseMessage } from '../../wire/queue-message.js';

/**
 * Why a message is in the poison queue: the code of the error that decryption failed with, or that the handler threw as
 * `UNPROCESSABLE_MESSAGE`; `HANDLER_FAILED` after too many failures; `DEQUEUED_TOO_OFTEN` after `maxDequeueCount` receives. For
 * messages of protocol 1.0, `NOT_HANDLED` replaces all of these and `DECRYPTION_FAILED`.
 */
export type PoisonReason = EncryptedStorageErrorCode | 'HANDLER_FAILED' | 'DEQUEUED_TOO_OFTEN' | 'NOT_HANDLED';

const DEPENDS_ON_PLAINTEXT: readonly PoisonReason[] = [
  'DECRYPTION_FAILED',
  'UNPROCESSABLE_MESSAGE',
  'HANDLER_FAILED',
  'DEQUEUED_TOO_OFTEN',
];

/** Whether the reason would reveal something about the plaintext of the stored text. */
export function hidesItsFailure(storedText: string, reason: string): boolean {
  return (DEPENDS_ON_PLAINTEXT as readonly string[]).includes(reason) && isMalleable(storedText);
}

/** The reason that may be revealed. */
export const poisonReasonOf = (storedText: string, reason: PoisonReason): PoisonReason =>
  hidesItsFailure(storedText, reason) ? 'NOT_HANDLED' : reason;

function isMalleable(storedText: string): boolean {
  try {
    const message = parseMessage(storedText);
    return message.kind === 'sealed' && !isAuthenticated(message.encryptionData);
  } catch {
    return false;
  }
}
