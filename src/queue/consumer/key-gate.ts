/**
 * Whether it makes sense to receive. A receive grows the dequeue count and hides the message, a peek does neither: so while keys
 * are down, and before the first receive of all, the messages are peeked at and their keys asked for.
 */
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { keyIdOf } from '../../wire/queue-message.js';
import { isContentFault } from '../../envelope/content-fault.js';
import { MAX_BATCH } from './consumer-options.js';
import type { KeyOutages } from './key-outages.js';

export type GateState = 'open' | 'closed' | 'nothingToSee';

export class KeyGate {
  #isProven = false;

  constructor(
    private readonly queue: EncryptedQueueClient,
    private readonly outages: KeyOutages,
  ) {}

  /** `closed` if no visible message names a key that answers. */
  async look(abortSignal: AbortSignal): Promise<GateState> {
    if (this.#isProven && !this.outages.hasAny) return 'open';
    const texts = await this.#textsByKey(abortSignal);
    if (texts.size === 0) return 'nothingToSee';
    const answers = await Promise.all([...texts].map(([keyId, text]) => this.#answers(keyId, text, abortSignal)));
    const isOpen = answers.some(Boolean);
    this.#isProven ||= isOpen;
    return isOpen ? 'open' : 'closed';
  }

  /** One visible message of each key. */
  async #textsByKey(abortSignal: AbortSignal): Promise<ReadonlyMap<string | null, string>> {
    const plain = this.queue.unencryptedClient;
    const { peekedMessageItems } = await plain.peekMessages({ numberOfMessages: MAX_BATCH, abortSignal });
    return new Map(peekedMessageItems.map(({ messageText }) => [keyIdOf(messageText), messageText]));
  }

  async #answers(keyId: string | null, text: string, abortSignal: AbortSignal): Promise<boolean> {
    if (keyId === null) return true;
    if (this.outages.isResting(keyId)) return false;
    if (this.#isProven && !this.outages.isDown(keyId)) return true;
    try {
      await this.queue.decryptMessage(text, { abortSignal });
      this.outages.answered(keyId);
      return true;
    } catch (error) {
      if (!abortSignal.aborted) this.outages.note(keyId, error);
      return isContentFault(error);
    }
  }
}
