/**
 * Why a message is in the poison queue, as far as that may be told. Protocol 1.0 does not detect changes. Whoever can send messages
 * and read the poison queue could send changed copies of a message, and would learn its content bit by bit if the queue told
 * whether a copy could not be decrypted, or was decrypted and refused. So all of these have one reason in 1.0, and take the same
 * way: as many tries, and the same waits. An unwrap that fails depends on the wrapped key alone, and has its own reason.
 */
import { isAuthenticated } from '../../envelope/authenticity.js';
import type { EncryptedStorageErrorCode } from '../../errors/any-error.js';
import { parseMessage } from '../../wire/queue-message.js';

/**
 * Why a message is in the poison queue: the code of the error that decryption ended in or that the handler threw as
 * `UNPROCESSABLE_MESSAGE`, `HANDLER_FAILED` after too many failures, `DEQUEUED_TOO_OFTEN` after `maxDequeueCount` receives.
 * `NOT_HANDLED` stands for all of these, and for `DECRYPTION_FAILED`, where the message is of protocol 1.0.
 */
export type PoisonReason = EncryptedStorageErrorCode | 'HANDLER_FAILED' | 'DEQUEUED_TOO_OFTEN' | 'NOT_HANDLED';

const DEPENDS_ON_PLAINTEXT: readonly PoisonReason[] = [
  'DECRYPTION_FAILED',
  'UNPROCESSABLE_MESSAGE',
  'HANDLER_FAILED',
  'DEQUEUED_TOO_OFTEN',
];

/** Whether the reason would tell something about the plaintext of the stored text. */
export function hidesItsFailure(storedText: string, reason: string): boolean {
  return (DEPENDS_ON_PLAINTEXT as readonly string[]).includes(reason) && isMalleable(storedText);
}

/** The reason that may be told. */
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
