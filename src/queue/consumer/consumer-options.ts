/** The options of a consumer: their meaning, their defaults, and their faults. */
import {
  anyNumber,
  callable,
  choice,
  flag,
  givenOptions,
  groupFaults,
  must,
  type OptionRules,
  type RulesOf,
  wholeNumber,
} from '../../option-rules.js';
import { isQueueName, QUEUE_NAME_RULE } from '../queue-name.js';
import type { QueueConsumerEvent } from './consumer-event.js';

/** How a queue is consumed. All times are in seconds. */
export interface EncryptedQueueConsumerOptions {
  /**
   * Number of messages that are handled at the same time, 1 to 1,000.
   *
   * @defaultValue 1
   */
  readonly concurrency?: number;
  /**
   * Maximum number of messages that one request fetches, 1 to 32. A consumer never fetches more than it can handle at once.
   *
   * @defaultValue 32
   */
  readonly batchSize?: number;
  /**
   * How long a message stays invisible to others if the process dies, 1 to 604,800. It is renewed after a third of this time
   * while the handler runs, so it does not have to cover the longest handler. Below 10, messages are lost to a slow network or a
   * busy event loop.
   *
   * @defaultValue 30
   */
  readonly visibilityTimeout?: number;
  /**
   * Delay after the first poll that found nothing. It doubles with each further one. 0.01 to 3,600.
   *
   * @defaultValue 0.1
   */
  readonly minPollDelay?: number;
  /**
   * Longest delay between two polls. 0.01 to 3,600.
   *
   * @defaultValue 5
   */
  readonly maxPollDelay?: number;
  /**
   * Number of failures of the handler after which the message moves to the poison queue, 1 or more.
   *
   * @defaultValue 5
   */
  readonly maxFailures?: number;
  /**
   * Number of receives after which a message moves to the poison queue without being handled, 1 or more. Use it for handlers that
   * may kill the process, whose failures cannot be counted. Receives that another process made during an outage of a key service
   * count too.
   *
   * @defaultValue none
   */
  readonly maxDequeueCount?: number;
  /**
   * How long a message stays invisible after the first failure of its handler. It doubles with each further one. 0 to 604,800.
   *
   * @defaultValue 10
   */
  readonly minRetryDelay?: number;
  /**
   * Longest such time. 0 to 604,800.
   *
   * @defaultValue 300
   */
  readonly maxRetryDelay?: number;
  /**
   * Queue of the same account for messages that cannot be handled.
   *
   * @defaultValue the name of the queue followed by `-poison`
   */
  readonly poisonQueue?: string;
  /**
   * Creates both queues at start-up.
   *
   * @defaultValue false
   */
  readonly createIfNotExists?: boolean;
  /**
   * What happens at start-up if the queue or its poison queue does not exist: `'fail'` stops start-up, `'wait'` polls until the
   * queue exists.
   *
   * @defaultValue 'fail'
   */
  readonly missingQueue?: 'fail' | 'wait';
  /**
   * How long stopping waits for running handlers before it aborts their signals, 0 to 3,600.
   *
   * @defaultValue 20
   */
  readonly shutdownTimeout?: number;
  /** Called with every event, for metrics. Errors that it throws, or rejects with, are ignored. */
  readonly onEvent?: (event: QueueConsumerEvent) => void;
}

/** Options with all defaults filled in. */
export type ConsumerSettings = Required<Omit<EncryptedQueueConsumerOptions, 'onEvent'>>;

/** Maximum number of messages in one response of the service. */
export const MAX_BATCH = 32;
const WEEK = 7 * 24 * 60 * 60;
const HOUR = 60 * 60;

const DEFAULTS: Omit<ConsumerSettings, 'poisonQueue'> = {
  concurrency: 1,
  batchSize: MAX_BATCH,
  visibilityTimeout: 30,
  minPollDelay: 0.1,
  maxPollDelay: 5,
  maxFailures: 5,
  maxDequeueCount: Infinity,
  minRetryDelay: 10,
  maxRetryDelay: 300,
  createIfNotExists: false,
  missingQueue: 'fail',
  shutdownTimeout: 20,
};

export function settingsOf(
  queue: string,
  { onEvent: _told, ...options }: EncryptedQueueConsumerOptions,
): ConsumerSettings {
  return { ...DEFAULTS, poisonQueue: `${queue}-poison`, ...givenOptions(options) };
}

export const CONSUMER: RulesOf<EncryptedQueueConsumerOptions> = {
  concurrency: wholeNumber(1, 1000),
  batchSize: wholeNumber(1, MAX_BATCH),
  visibilityTimeout: wholeNumber(1, WEEK),
  minPollDelay: anyNumber(0.01, HOUR),
  maxPollDelay: anyNumber(0.01, HOUR),
  maxFailures: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  maxDequeueCount: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  minRetryDelay: anyNumber(0, WEEK),
  maxRetryDelay: anyNumber(0, WEEK),
  poisonQueue: must(isQueueName, QUEUE_NAME_RULE),
  createIfNotExists: flag,
  missingQueue: choice(['fail', 'wait']),
  shutdownTimeout: anyNumber(0, HOUR),
  onEvent: callable,
};

/** Every fault of the options for one queue, as sentences. `rules` may have more options than a consumer. */
export function consumerFaults(
  queue: string,
  options: EncryptedQueueConsumerOptions,
  rules: OptionRules = CONSUMER,
): readonly string[] {
  return [...groupFaults(rules, options), ...orderFaults(settingsOf(queue, options)), ...nameFaults(queue, options)];
}

const orderFaults = (settings: ConsumerSettings): readonly string[] => [
  ...(settings.minPollDelay > settings.maxPollDelay ? ['"minPollDelay" must not be above "maxPollDelay"'] : []),
  ...(settings.minRetryDelay > settings.maxRetryDelay ? ['"minRetryDelay" must not be above "maxRetryDelay"'] : []),
];

function nameFaults(queue: string, { poisonQueue }: EncryptedQueueConsumerOptions): readonly string[] {
  if (!isQueueName(queue)) return [`the name of the queue must be ${QUEUE_NAME_RULE}`];
  const poison = settingsOf(queue, { poisonQueue }).poisonQueue;
  return [
    ...(poisonQueue === undefined && !isQueueName(poison)
      ? [`"poisonQueue" must be given: "${poison}" would be too long, ${QUEUE_NAME_RULE} are allowed`]
      : []),
    ...(queue === poison ? ['"poisonQueue" must be another queue'] : []),
  ];
}
