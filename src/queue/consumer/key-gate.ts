/**
 * Decides whether receiving makes sense. A receive increases the dequeue count and hides the message; a peek does neither. So
 * before the first receive, and while keys cannot be used, the gate peeks for a message whose key is available. A peek shows at
 * most 32 messages; if the keys of all of them cannot be used, there may be others behind them.
 */
import { isContentFault, isLockedOut } from '../../envelope/content-fault.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { keyIdOf } from '../../wire/queue-message.js';
import { atMost, within } from '../../clock.js';
import { MAX_BATCH } from './consumer-options.js';
import type { KeyOutages } from './key-outages.js';
import { REQUEST_TIMEOUT } from './message-lease.js';
import { peekStored } from '../service-answer.js';
import { type Opening, openMessageInTime } from './message-opening.js';

/**
 * - `open`: there may be a message that can be handled
 * - `closed`: the keys of all messages that are visible cannot be used
 * - `blocked`: the same, for as many messages as a peek shows, so that others may be hidden behind them
 */
export type GateState = 'open' | 'closed' | 'blocked' | 'nothingToSee';

/** Stored texts of visible messages, by the key id that they name. */
type TextsByKey = ReadonlyMap<string | null, readonly string[]>;

/** Number of keys that are tried again at the same time. Hostile senders may name many. */
const MAX_PROBES = 8;
/** Seconds that a poll waits for a key that is being tried. */
const PROBE_PATIENCE = 1;
/** Minimum number of seconds between two checks. */
const LEAST_WAIT = 0.05;

export class KeyGate {
  /** Whether a key has been available since the start. */
  #isProven = false;
  readonly #probes = new Map<string, Promise<void>>();

  constructor(
    private readonly opening: Opening,
    private readonly outages: KeyOutages,
  ) {}

  /** Seconds after which to check again while the gate is closed. */
  get seconds(): number {
    return this.#probes.size > 0 ? LEAST_WAIT : Math.max(LEAST_WAIT, this.outages.seconds);
  }

  async look(signal: AbortSignal): Promise<GateState> {
    if (this.#isProven && !this.outages.hasAny) return 'open';
    const texts = await this.#peek(signal);
    this.#probe(texts, signal);
    if (texts.size === 0) return 'nothingToSee';
    if (!this.#isAnyUsable(texts) && this.#probes.size > 0) {
      await atMost(this.opening.clock, PROBE_PATIENCE, Promise.race(this.#probes.values()));
    }
    if (this.#isAnyUsable(texts)) return 'open';
    const count = [...texts.values()].reduce((sum, { length }) => sum + length, 0);
    const areAllDown = [...texts.keys()].every((keyId) => keyId !== null && this.outages.isDown(keyId));
    return count === MAX_BATCH && areAllDown ? 'blocked' : 'closed';
  }

  async #peek(signal: AbortSignal): Promise<TextsByKey> {
    const { queue, clock } = this.opening;
    const { peekedMessageItems } = await within({ clock, seconds: REQUEST_TIMEOUT, signal }, (abortSignal) =>
      peekStored(queue.unencryptedClient, { numberOfMessages: MAX_BATCH, abortSignal }),
    );
    const texts = new Map<string | null, string[]>();
    for (const { messageText } of peekedMessageItems) {
      const keyId = keyIdOf(messageText);
      texts.set(keyId, [...(texts.get(keyId) ?? []), messageText]);
    }
    return texts;
  }

  /** Messages without a key can be handled at once. */
  #isAnyUsable(texts: TextsByKey): boolean {
    const isUsable = (keyId: string): boolean =>
      !this.outages.isDown(keyId) && (this.#isProven || !this.#probes.has(keyId));
    return [...texts.keys()].some((keyId) => keyId === null || isUsable(keyId));
  }

  /**
   * Tries keys whose time has come, and unknown ones before the first receive. It uses any of the visible messages: if it always
   * used the same one, a message that no key service can unwrap would keep its key down.
   */
  #probe(texts: TextsByKey, signal: AbortSignal): void {
    const isNew = ([keyId]: readonly [string | null, unknown]): boolean =>
      keyId !== null && !this.outages.isDown(keyId);
    const unknown = this.#isProven ? [] : [...texts].filter(isNew).map(([keyId]) => [keyId ?? '', ''] as const);
    const due = this.outages.due.slice(0, Math.max(0, MAX_PROBES - this.#probes.size));
    for (const [keyId, remembered] of [...unknown, ...due]) {
      if (this.#probes.has(keyId)) continue;
      const visible = texts.get(keyId) ?? [];
      const text = visible[Math.floor(Math.random() * visible.length)] ?? remembered;
      this.#probes.set(
        keyId,
        this.#ask(keyId, text, signal).finally(() => this.#probes.delete(keyId)),
      );
    }
  }

  /** Never rejects. */
  async #ask(keyId: string, text: string, signal: AbortSignal): Promise<void> {
    try {
      await openMessageInTime(this.opening, text, signal);
    } catch (error) {
      if (signal.aborted) return;
      const isOutage = isEncryptedStorageError(error) && !isContentFault(error) && !isLockedOut(error);
      if (isOutage) {
        this.outages.failed(keyId, text, error);
        return;
      }
    }
    this.#isProven = true;
    this.outages.answered(keyId);
  }
}
