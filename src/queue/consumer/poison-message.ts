/**
 * A message of a poison queue: the stored text, never decrypted, and the reason why it is there.
 *
 *     {"poisonMessage":1,"reason","keyId","queue","messageId","dequeueCount","insertedOn","poisonedOn","storedText"}
 *
 * If that does not fit into a message, only the stored text is kept, byte for byte. A sender can make such a text look like the
 * JSON above. The consumer always writes exactly these members in exactly this order. So if a stored text that is kept alone has
 * these members, it is stored with `storedText` first: it is the same JSON, but is never read as the consumer's.
 */
import { PayloadTooLargeError } from '../../errors/input.js';
import { type JsonObject, parseObject } from '../../wire/json.js';
import { keyIdOf } from '../../wire/queue-message.js';
import { MESSAGE_LIMIT } from '../message-envelope.js';

/**
 * What the consumer reports about a message. No sender of messages can forge it. Anyone who can write to the poison queue itself
 * can, so grant that permission only to consumers.
 */
export interface PoisonFacts {
  /** A `PoisonReason` of the release that wrote it. */
  readonly reason: string;
  /** Name of the queue that the message came from. */
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
  /** Id of the key that wrapped its content key, as the sender wrote it into the text; `null` if the text names none. */
  readonly keyId: string | null;
  /** `null` if the stored text left no room for them. */
  readonly facts: PoisonFacts | null;
}

const VERSION = 1;
const MEMBERS = [
  'reason',
  'keyId',
  'queue',
  'messageId',
  'dequeueCount',
  'insertedOn',
  'poisonedOn',
  'storedText',
] as const;
/** Key ids come from storage. A longer one is left out; the stored text contains it anyway. */
const MAX_KEY_ID_LENGTH = 1024;

/** The text to write, and whether the facts fit into it. */
export function formatPoisonMessage(
  storedText: string,
  facts: PoisonFacts,
): { readonly text: string; readonly isWrapped: boolean } {
  const text = wrapperText({ ...facts, keyId: keyIdIn(storedText), storedText });
  if (Buffer.byteLength(text) <= MESSAGE_LIMIT) return { text, isWrapped: true };
  const imitation = parseWrapper(storedText);
  return { text: imitation === null ? storedText : reordered(imitation), isWrapped: false };
}

/** The key id that is written next to a stored text. */
function keyIdIn(storedText: string): string | null {
  const keyId = keyIdOf(storedText);
  return keyId !== null && keyId.length > MAX_KEY_ID_LENGTH ? null : keyId;
}

/** The canonical text, with every value as in JSON. */
function wrapperText(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ poisonMessage: VERSION, ...Object.fromEntries(MEMBERS.map((name) => [name, values[name]])) });
}

const reordered = ({ storedText, ...others }: JsonObject): string => JSON.stringify({ storedText, ...others });

/** The parsed object if the text is canonical, or `null`. */
function parseWrapper(text: string): JsonObject | null {
  const object = parseObject(text);
  if (object === null || typeof object['storedText'] !== 'string') return null;
  const isCanonical = MEMBERS.every((name) => Object.hasOwn(object, name)) && wrapperText(object) === text;
  return isCanonical ? object : null;
}

/**
 * Parses a message of a poison queue, as the plain client receives or peeks it.
 *
 * @example
 * ```ts
 * import type { QueueClient } from '@azure/storage-queue';
 * import { parsePoisonMessage } from 'nestjs-azure-encrypted-storage';
 *
 * export async function reasons(poisonQueue: QueueClient): Promise<string[]> {
 *   const { peekedMessageItems } = await poisonQueue.peekMessages({ numberOfMessages: 32 });
 *   return peekedMessageItems.map(({ messageText }) => parsePoisonMessage(messageText).facts?.reason ?? 'unknown');
 * }
 * ```
 */
export function parsePoisonMessage(text: string): PoisonMessage {
  const wrapper = parseWrapper(text);
  const storedText = wrapper === null ? text : (wrapper['storedText'] as string);
  return { storedText, keyId: keyIdOf(storedText), facts: wrapper === null ? null : factsOf(wrapper) };
}

/**
 * The same message of a poison queue with another stored text. Throws `PAYLOAD_TOO_LARGE` if it no longer fits, because the facts
 * would have to be left out.
 */
export function withStoredText(text: string, storedText: string): string {
  const wrapper = parseWrapper(text);
  const replaced = wrapper === null ? storedText : wrapperText({ ...wrapper, keyId: keyIdIn(storedText), storedText });
  const length = Buffer.byteLength(replaced);
  if (length > MESSAGE_LIMIT) throw new PayloadTooLargeError('The message', MESSAGE_LIMIT, length);
  return replaced;
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
