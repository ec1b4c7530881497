/**
 * Messages of a poison queue as a source for maintenance. The service cannot list a queue, so messages are received, which makes them
 * invisible for a while, updated in place with their pop receipts, and made visible again at the end of the walk. No message is sent
 * or deleted, so none can be lost or duplicated. After a crash they become visible when their visibility timeout ends.
 */
import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { MS_PER_DAY } from '../../clock.js';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import type {
  BlindSpot,
  Maintained,
  MaintainedObject,
  MaintainedPage,
  Precheck,
  Step,
  StepGroup,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, ownResult } from '../../envelope/maintenance/outcome.js';
import { pacedPolicy } from '../../envelope/maintenance/paced-keys.js';
import { stateOfData, type StoredState } from '../../envelope/maintenance/stored-state.js';
import { type MaintenanceTask, without, withoutTags } from '../../envelope/maintenance/task.js';
import { Turns } from '../../envelope/maintenance/turns.js';
import { uncheckedWraps } from '../../envelope/maintenance/unchecked-wraps.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { groupFaults, refuse } from '../../option-rules.js';
import { isMessageGone } from '../../service-errors.js';
import { boundedMap } from '../../streams/bounded-map.js';
import { parseMessage } from '../../wire/queue-message.js';
import { MAX_BATCH } from '../consumer/consumer-options.js';
import { parsePoisonMessage } from '../consumer/poison-message.js';
import { receiveStored } from '../service-answer.js';
import { newPoisonText } from './new-poison-text.js';
import { DEFAULT_TTL_DAYS, QUEUE_MAINTENANCE, type QueueMaintenanceOptions } from './queue-maintenance-options.js';

/** The queue, its poison queue, and how its messages are encrypted. */
interface PoisonAccess {
  /** Name of the queue that the messages were sent to. */
  readonly queue: string;
  readonly poisonQueue: QueueClient;
  readonly policy: EncryptionPolicy;
}

interface HeldMessage extends MaintainedObject {
  readonly item: DequeuedMessageItem;
}

/** Seconds for which a message that the walk has received is invisible to others. */
const HOLD = 120;
/** Maximum number of consecutive receives that return nothing new. */
const MOST_IN_VAIN = 100;
/** Time limit in milliseconds for making a message visible again. */
const SETTLE_TIMEOUT = 5_000;

export class MaintainedPoison implements Maintained<HeldMessage> {
  readonly kind = 'poison';
  readonly isDivisible = false;
  /** Neither logs nor JSON show what is in it: clients would show the account key. */
  readonly #access: PoisonAccess;
  readonly #options: QueueMaintenanceOptions;
  readonly #distinctKeys = new Set<string>();
  /** Pop receipts by message id. Every update of a message changes its receipt. */
  readonly #receipts = new Map<string, string>();
  readonly #turns = new Turns();
  #hidden = 0;
  /** When the last walk began. */
  #walkedOn = new Date();

  constructor(access: PoisonAccess, options: QueueMaintenanceOptions = {}) {
    refuse(groupFaults(QUEUE_MAINTENANCE, options));
    this.#access = access;
    this.#options = options;
  }

  get name(): string {
    return this.#access.poisonQueue.name;
  }

  get account(): string {
    return this.#access.poisonQueue.accountName;
  }

  async *pages({ namesOnly = false, abortSignal }: WalkOptions): AsyncGenerator<MaintainedPage<HeldMessage>> {
    const { poisonQueue } = this.#access;
    const signal = { abortSignal };
    if (namesOnly) return;
    const end = await this.#turns.take(abortSignal);
    this.#walkedOn = new Date();
    try {
      // received messages become visible again after their timeout, ahead of those that have not been received
      for (let again = 0; again < MOST_IN_VAIN; again += 1) {
        const options = { numberOfMessages: MAX_BATCH, visibilityTimeout: HOLD, ...signal };
        const { receivedMessageItems: items } = await receiveStored(poisonQueue, options);
        const fresh = items.filter(({ messageId }) => !this.#receipts.has(messageId));
        for (const { messageId, popReceipt } of items) this.#receipts.set(messageId, popReceipt);
        if (items.length === 0) break;
        if (fresh.length === 0) continue;
        again = 0;
        yield { objects: fresh.map(heldMessage), next: 'again' };
      }
      const { approximateMessagesCount: count = 0 } = await poisonQueue.getProperties(signal);
      // others may have some of those that were seen
      this.#hidden = Math.max(0, count - (await this.#showAgain()));
      yield { objects: [] };
    } finally {
      await this.#showAgain();
      end();
    }
  }

  /** Consumers decide what happens to messages in plaintext. */
  taskFor(task: MaintenanceTask): MaintenanceTask {
    return withoutTags(without(task, 'plaintext', 'foreign'));
  }

  async precheck(task: MaintenanceTask): Promise<Precheck> {
    return { refusals: [], warnings: uncheckedWraps(this.#access.policy, task) };
  }

  async act([message]: StepGroup<HeldMessage>, step: Step): Promise<readonly ObjectResult[]> {
    return [await this.#change(message, step)];
  }

  async #change({ item }: HeldMessage, step: Step): Promise<ObjectResult> {
    const { queue, poisonQueue } = this.#access;
    const policy = pacedPolicy(this.#access.policy, step);
    const parts = { queue, account: poisonQueue.accountName, policy, distinctKeys: this.#distinctKeys };
    try {
      const found = await newPoisonText(item.messageText, step, parts);
      if ('result' in found) return found.result;
      if (!step.dryRun) await this.#update(item, found.text, step);
      return DONE;
    } catch (error) {
      if (isMessageGone(error)) return { outcome: 'gone' };
      return ownResult(error);
    }
  }

  async #update({ messageId }: DequeuedMessageItem, text: string, { beforeRequest, abortSignal }: Step): Promise<void> {
    await beforeRequest();
    const receipt = this.#receipts.get(messageId) ?? '';
    const { popReceipt } = await this.#access.poisonQueue.updateMessage(messageId, receipt, text, HOLD, {
      abortSignal,
    });
    this.#receipts.set(messageId, popReceipt ?? '');
  }

  /** Returns the number of messages that were still held. */
  async #showAgain(): Promise<number> {
    const shown = await boundedMap([...this.#receipts], MAX_BATCH, ([messageId, popReceipt]) => {
      const options = { abortSignal: AbortSignal.timeout(SETTLE_TIMEOUT) };
      return this.#access.poisonQueue.updateMessage(messageId, popReceipt, undefined, 0, options).catch(() => null);
    });
    this.#receipts.clear();
    return shown.filter((answer) => answer !== null).length;
  }

  blindSpots(): readonly BlindSpot[] {
    if (this.#hidden === 0) return [this.#messagesInFlight()];
    const text = `${this.#hidden} messages of queue ${this.name} that others had received: count again in a few minutes`;
    return [{ text, isBlocking: true }, this.#messagesInFlight()];
  }

  /** A message that cannot be handled moves to the poison queue with the key that it was sent under. */
  #messagesInFlight(): BlindSpot {
    const { messageTtlDays: days = DEFAULT_TTL_DAYS } = this.#options;
    const sentBy = this.#walkedOn;
    const goneOn = new Date(sentBy.getTime() + days * MS_PER_DAY);
    const text =
      `messages in queue ${this.#access.queue}: those that were sent before ${sentBy.toISOString()} can be there until ` +
      `${goneOn.toISOString()}, if none lives longer than ${days} days. Count its poison queue again after that`;
    return { text, isBlocking: false };
  }
}

const heldMessage = (item: DequeuedMessageItem): HeldMessage => ({
  item,
  name: item.messageId,
  place: 'poison',
  state: stateOfMessage(item.messageText),
});

function stateOfMessage(text: string): StoredState {
  try {
    const message = parseMessage(parsePoisonMessage(text).storedText);
    return message.kind === 'plain' ? { kind: 'plain' } : stateOfData(message.encryptionData);
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    return { kind: 'damaged' };
  }
}
