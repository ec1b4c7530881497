/** Options of a consumer: what they mean, their defaults, and their faults. */
import {
  anyNumber,
  callable,
  flag,
  groupFaults,
  must,
  type OptionRules,
  type RulesOf,
  wholeNumber,
} from '../../option-rules.js';
import { isQueueName, QUEUE_NAME_RULE } from '../queue-name.js';
import type { QueueConsumerEvent } from './consumer-event.js';

/** How a queue is consumed. All times are seconds. */
export interface EncryptedQueueConsumerOptions {
  /**
   * Messages that are handled at the same time, 1 to 1,000.
   *
   * @defaultValue 1
   */
  readonly concurrency?: number;
  /**
   * Messages that one request fetches at most, 1 to 32; never more than can be handled at once.
   *
   * @defaultValue 32
   */
  readonly batchSize?: number;
  /**
   * How long a message stays invisible to others when the process dies, 1 to 604,800. It is renewed at a third of that while
   * the handler runs, so it need not cover the longest handler. Below 10, a slow network or a busy event loop loses messages.
   *
   * @defaultValue 30
   */
  readonly visibilityTimeout?: number;
  /**
   * Wait after the first poll that found nothing; doubled at each further one. 0.01 to 3,600.
   *
   * @defaultValue 0.1
   */
  readonly minPollDelay?: number;
  /**
   * Longest wait between two polls. 0.01 to 3,600.
   *
   * @defaultValue 5
   */
  readonly maxPollDelay?: number;
  /**
   * After how many failures of the handler the message goes to the poison queue, 1 or more.
   *
   * @defaultValue 5
   */
  readonly maxFailures?: number;
  /**
   * After how many receives a message goes to the poison queue without being handled, 1 or more: for handlers that may kill the
   * process, whose failures nobody can count. Receives during an outage of a key service that another process saw count too.
   *
   * @defaultValue none
   */
  readonly maxDequeueCount?: number;
  /**
   * How long a message stays invisible after its handler failed for the first time; doubled at each further one. 0 to 604,800.
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
   * @defaultValue the name of the queue and `-poison`
   */
  readonly poisonQueue?: string;
  /**
   * Creates both queues at the start.
   *
   * @defaultValue false
   */
  readonly createIfNotExists?: boolean;
  /**
   * How long a stop waits for running handlers before it aborts their signals, 0 to 3,600.
   *
   * @defaultValue 20
   */
  readonly shutdownTimeout?: number;
  /** Told of everything that happens, for metrics. What it throws, or rejects with, is ignored. */
  readonly onEvent?: (event: QueueConsumerEvent) => void;
}

/** Options with every default filled in. */
export type ConsumerSettings = Required<Omit<EncryptedQueueConsumerOptions, 'onEvent'>>;

/** Most messages that the service gives in one answer. */
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
  shutdownTimeout: 20,
};

export function settingsOf(
  queue: string,
  { onEvent: _told, ...options }: EncryptedQueueConsumerOptions,
): ConsumerSettings {
  const given = Object.entries<unknown>({ ...options }).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, poisonQueue: `${queue}-poison`, ...Object.fromEntries(given) };
}

/** The rules of these options. */
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
  shutdownTimeout: anyNumber(0, HOUR),
  onEvent: callable,
};

/** Every fault of the options of one queue, as sentences. `rules` may have more options than a consumer. */
export function consumerFaults(
  queue: string,
  options: EncryptedQueueConsumerOptions,
  rules: OptionRules = CONSUMER,
): readonly string[] {
  return [
    ...groupFaults(rules, { ...options }),
    ...orderFaults(settingsOf(queue, options)),
    ...nameFaults(queue, options),
  ];
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
