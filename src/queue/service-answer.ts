/**
 * What a response of the queue service must contain before its messages are used. The SDK reads an emptied response as one
 * without messages, while the messages that it contained stay invisible until their time is up.
 */
import type {
  QueueClient,
  QueueGetPropertiesOptions,
  QueuePeekMessagesOptions,
  QueuePeekMessagesResponse,
  QueueReceiveMessageOptions,
  QueueReceiveMessageResponse,
  QueueSendMessageOptions,
  QueueSendMessageResponse,
} from '@azure/storage-queue';
import { InvalidServiceResponseError } from '../errors/transfer.js';
import { type AnswerRule, CheckedAnswers } from '../service-answers.js';

type Item = Readonly<Record<string, unknown>>;

const EMPTY_LIST = /<QueueMessagesList\s*(\/>|>\s*<\/QueueMessagesList\s*>)\s*$/;

/** Receives stored texts. Throws `INVALID_SERVICE_RESPONSE` for a response that is not a complete list of messages. */
export async function receiveStored(
  client: QueueClient,
  options: QueueReceiveMessageOptions,
): Promise<QueueReceiveMessageResponse> {
  const answers = new CheckedAnswers(options, messages(isReceived));
  return answers.of(() => client.receiveMessages(answers.options));
}

/** The same for peeked messages. */
export async function peekStored(
  client: QueueClient,
  options: QueuePeekMessagesOptions,
): Promise<QueuePeekMessagesResponse> {
  const answers = new CheckedAnswers(options, messages(isPeeked));
  return answers.of(() => client.peekMessages(answers.options));
}

/** Sends a stored text. Throws `INVALID_SERVICE_RESPONSE` if the response names no message; the message may have been sent. */
export async function sendStored(
  client: QueueClient,
  storedText: string,
  options: QueueSendMessageOptions = {},
): Promise<QueueSendMessageResponse> {
  const answers = new CheckedAnswers(options, ({ parsedBody }) => {
    const items = itemsOf(parsedBody);
    if (items.length !== 1 || !items.every(isNamed)) throw new InvalidServiceResponseError('names no message');
  });
  return answers.of(() => client.sendMessage(storedText, answers.options));
}

/** The state of a queue at one moment, by the service's clock. */
interface QueueState {
  readonly date: Date;
  /** Number of messages in the queue, including invisible ones. */
  readonly count: number;
}

/** Requests the state of a queue. Throws `INVALID_SERVICE_RESPONSE` for a response without it. */
export async function queueState(client: QueueClient, options: QueueGetPropertiesOptions): Promise<QueueState> {
  const { date, approximateMessagesCount: count } = await client.getProperties(options);
  if (date === undefined || Number.isNaN(date.getTime())) throw new InvalidServiceResponseError('has no date');
  if (count === undefined || !Number.isSafeInteger(count) || count < 0) {
    throw new InvalidServiceResponseError('does not say how many messages there are');
  }
  return { date, count };
}

const messages =
  (isWhole: (item: Item) => boolean): AnswerRule =>
  ({ parsedBody, bodyAsText }) => {
    const items = itemsOf(parsedBody);
    if (items.length === 0 && !EMPTY_LIST.test(bodyAsText ?? '')) {
      throw new InvalidServiceResponseError('has no list of messages');
    }
    if (!items.every(isWhole)) throw new InvalidServiceResponseError('has a message that lacks some of its properties');
  };

const itemsOf = (parsedBody: unknown): readonly Item[] => (Array.isArray(parsedBody) ? (parsedBody as Item[]) : []);

const isNamed = ({ messageId, popReceipt }: Item): boolean =>
  typeof messageId === 'string' && typeof popReceipt === 'string';

const isPeeked = ({ messageId, messageText, dequeueCount, insertedOn }: Item): boolean =>
  typeof messageId === 'string' &&
  typeof messageText === 'string' &&
  Number.isSafeInteger(dequeueCount) &&
  insertedOn instanceof Date &&
  !Number.isNaN(insertedOn.getTime());

const isReceived = (item: Item): boolean => isPeeked(item) && isNamed(item);
