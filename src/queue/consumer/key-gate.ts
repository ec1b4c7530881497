/**
 * Whether it makes sense to receive. A receive grows the dequeue count and hides the message, a peek does neither: so before the
 * first receive, and while keys are down, it is peeked whether a message is there whose key answers.
 */
import { isContentFault } from '../../envelope/content-fault.js';
import { keyIdOf } from '../../wire/queue-message.js';
import type { EncryptedQueueClient } from '../encrypted-queue-client.js';
import { MAX_BATCH } from './consumer-options.js';
import type { KeyOutages } from './key-outages.js';

/** `closed`: the keys of all visible messages are down. */
export type GateState = 'open' | 'closed' | 'nothingToSee';

export class KeyGate {
  #isProven = false;

  constructor(
    private readonly queue: EncryptedQueueClient,
    private readonly outages: KeyOutages,
  ) {}

  async look(signal: AbortSignal): Promise<GateState> {
    await Promise.all(this.outages.due.map(([keyId, text]) => this.#ask(keyId, text, signal)));
    if (this.#isProven && !this.outages.hasAny) return 'open';
    const texts = await this.#textsByKey(signal);
    if (texts.size === 0) return 'nothingToSee';
    const answers = await Promise.all([...texts].map(([keyId, text]) => this.#answers(keyId, text, signal)));
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

  async #answers(keyId: string | null, text: string, signal: AbortSignal): Promise<boolean> {
    if (keyId === null) return true;
    if (this.outages.isDown(keyId)) return false;
    return this.#isProven || this.#ask(keyId, text, signal);
  }

  async #ask(keyId: string, text: string, abortSignal: AbortSignal): Promise<boolean> {
    try {
      await this.queue.decryptMessage(text, { abortSignal });
    } catch (error) {
      if (abortSignal.aborted) return false;
      if (!isContentFault(error)) {
        this.outages.failed(keyId, text, error);
        return false;
      }
    }
    this.outages.answered(keyId);
    return true;
  }
}
