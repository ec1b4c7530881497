/**
 * What stands in a poison queue: the stored text as it was, never decrypted, and beside it why it is there.
 *
 *     {"poisonMessage":1,"reason","keyId","queue","messageId","dequeueCount","insertedOn","poisonedOn","storedText"}
 *
 * Where that would not fit into a message, the stored text stands alone, byte for byte.
 */
import type { EncryptedStorageErrorCode } from '../../errors/any-error.js';
import { type JsonObject, parseObject } from '../../wire/json.js';
import { keyIdOf } from '../../wire/queue-message.js';
import { MESSAGE_LIMIT } from '../message-envelope.js';

/**
 * Why a message is in the poison queue: the code of the error that decryption ended in or that the handler threw as
 * `UNPROCESSABLE_MESSAGE`, `HANDLER_FAILED` after too many failures, `DEQUEUED_TOO_OFTEN` after `maxDequeueCount` receives.
 */
export type PoisonReason = EncryptedStorageErrorCode | 'HANDLER_FAILED' | 'DEQUEUED_TOO_OFTEN';

/** What is told beside the stored text. */
export interface PoisonFacts {
  /** A {@link PoisonReason} of the release that wrote it. */
  readonly reason: string;
  /** The queue where the message was. */
  readonly queue: string;
  readonly messageId: string;
  readonly dequeueCount: number;
  readonly insertedOn: Date;
  readonly poisonedOn: Date;
}

/** A message of a poison queue. */
export interface PoisonMessage {
  /** The text as it was stored in the queue. */
  readonly storedText: string;
  /** Id of the key that wraps its content key; `null` where the text names none. */
  readonly keyId: string | null;
  /** `null` where the stored text left no room for them. */
  readonly facts: PoisonFacts | null;
}

const VERSION = 1;
/** Key ids are data from storage: a longer one is left out, the stored text has it anyway. */
const MAX_KEY_ID_LENGTH = 1024;

/** The text to put, and whether the facts had room in it. */
export function formatPoisonMessage(
  storedText: string,
  facts: PoisonFacts,
): { readonly text: string; readonly isWrapped: boolean } {
  const { reason, queue, messageId, dequeueCount, insertedOn, poisonedOn } = facts;
  const keyId = keyIdOf(storedText);
  const isOverlong = keyId !== null && keyId.length > MAX_KEY_ID_LENGTH;
  const text = JSON.stringify({
    poisonMessage: VERSION,
    reason,
    keyId: isOverlong ? null : keyId,
    queue,
    messageId,
    dequeueCount,
    insertedOn,
    poisonedOn,
    storedText,
  });
  const isWrapped = Buffer.byteLength(text) <= MESSAGE_LIMIT;
  return { text: isWrapped ? text : storedText, isWrapped };
}

/**
 * Reads a message of a poison queue, as the plain client receives or peeks it.
 *
 * @example
 * ```ts
 * import type { QueueClient } from '@azure/storage-queue';
 * import { parsePoisonMessage } from 'nestjs-azure-encrypted-storage';
 *
 * export async function reasons(poisonQueue: QueueClient): Promise<string[]> {
 *   const { peekedMessageItems } = await poisonQueue.peekMessages({ numberOfMessages: 32 });
 *   return peekedMessageItems.map(({ messageText }) => parsePoisonMessage(messageText).facts?.reason ?? 'not told');
 * }
 * ```
 */
export function parsePoisonMessage(text: string): PoisonMessage {
  const wrapper = parseObject(text);
  const isWrapper = wrapper?.['poisonMessage'] === VERSION && typeof wrapper['storedText'] === 'string';
  const storedText = isWrapper ? (wrapper['storedText'] as string) : text;
  return { storedText, keyId: keyIdOf(storedText), facts: isWrapper ? factsOf(wrapper) : null };
}

function factsOf(wrapper: JsonObject): PoisonFacts {
  const textOf = (name: string): string => (typeof wrapper[name] === 'string' ? wrapper[name] : '');
  return {
    reason: textOf('reason'),
    queue: textOf('queue'),
    messageId: textOf('messageId'),
    dequeueCount: Number(wrapper['dequeueCount']),
    insertedOn: new Date(textOf('insertedOn')),
    poisonedOn: new Date(textOf('poisonedOn')),
  };
}
