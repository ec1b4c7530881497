/** Opens a message for a consumer, with a deadline, because a key that never responds must not stop the consumer. */
import { KeyUnavailableError } from '../../errors/keys.js';
import { keyIdOf } from '../../wire/queue-message.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { type Clock, within } from '../../clock.js';

/** Seconds that a key has to respond. */
const KEY_TIMEOUT = 30;

export interface Opening {
  readonly queue: EncryptedQueueClient;
  readonly clock: Clock;
}

/** Like `decryptMessage`. A key that does not respond in time is `KEY_UNAVAILABLE`. */
export async function openMessageInTime({ queue, clock }: Opening, text: string, signal: AbortSignal): Promise<Buffer> {
  try {
    return await within({ clock, seconds: KEY_TIMEOUT, signal }, (abortSignal) =>
      queue.decryptMessage(text, { abortSignal }),
    );
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    throw isLate ? new KeyUnavailableError(keyIdOf(text) ?? '', { cause: error }) : error;
  }
}
