/** Options of a consumer: what they mean, their defaults, and their faults. */
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

/** Every option, so that the compiler holds the list to the type. */
const NAMES: Readonly<Record<keyof EncryptedQueueConsumerOptions, true>> = {
  concurrency: true,
  batchSize: true,
  visibilityTimeout: true,
  minPollDelay: true,
  maxPollDelay: true,
  maxFailures: true,
  maxDequeueCount: true,
  minRetryDelay: true,
  maxRetryDelay: true,
  poisonQueue: true,
  createIfNotExists: true,
  shutdownTimeout: true,
  onEvent: true,
};

type Range = readonly [least: number, most: number, unit: 'whole' | 'any'];

const RANGES: Readonly<Record<string, Range>> = {
  concurrency: [1, 1000, 'whole'],
  batchSize: [1, MAX_BATCH, 'whole'],
  visibilityTimeout: [1, WEEK, 'whole'],
  minPollDelay: [0.01, HOUR, 'any'],
  maxPollDelay: [0.01, HOUR, 'any'],
  maxFailures: [1, Number.MAX_SAFE_INTEGER, 'whole'],
  maxDequeueCount: [1, Number.MAX_SAFE_INTEGER, 'whole'],
  minRetryDelay: [0, WEEK, 'any'],
  maxRetryDelay: [0, WEEK, 'any'],
  shutdownTimeout: [0, HOUR, 'any'],
};

const QUEUE_NAME = /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** Every fault of the options of one queue, as sentences. */
export function consumerFaults(queue: string, options: EncryptedQueueConsumerOptions): readonly string[] {
  const given = options as Readonly<Record<string, unknown>>;
  return [
    ...unknownFaults(given),
    ...Object.entries(RANGES).flatMap(([name, range]) => rangeFaults(name, given[name], range)),
    ...orderFaults(settingsOf(queue, options)),
    ...nameFaults(queue, settingsOf(queue, options).poisonQueue),
    ...typeFaults(given, 'createIfNotExists', 'boolean'),
    ...typeFaults(given, 'onEvent', 'function'),
  ];
}

/** An option that is `undefined` counts as left out. */
function unknownFaults(given: Readonly<Record<string, unknown>>): readonly string[] {
  const unknown = Object.keys(given).filter((name) => given[name] !== undefined && !Object.hasOwn(NAMES, name));
  return unknown.map(
    (name) => `${JSON.stringify(name)} is not an option of a consumer, which are ${Object.keys(NAMES).join(', ')}`,
  );
}

function rangeFaults(name: string, value: unknown, [least, most, unit]: Range): readonly string[] {
  if (value === undefined) return [];
  const isNumber = typeof value === 'number' && (unit === 'any' || Number.isSafeInteger(value));
  if (isNumber && value >= least && value <= most) return [];
  const bounds = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  return [`"${name}" must be a ${unit === 'whole' ? 'whole ' : ''}number ${bounds}`];
}

const orderFaults = (settings: ConsumerSettings): readonly string[] => [
  ...(settings.minPollDelay > settings.maxPollDelay ? ['"minPollDelay" must not be above "maxPollDelay"'] : []),
  ...(settings.minRetryDelay > settings.maxRetryDelay ? ['"minRetryDelay" must not be above "maxRetryDelay"'] : []),
];

function nameFaults(queue: unknown, poisonQueue: unknown): readonly string[] {
  const isName = (name: unknown): boolean => typeof name === 'string' && QUEUE_NAME.test(name);
  const rule = '3 to 63 lower-case letters, digits and single hyphens';
  return [
    ...(isName(queue) ? [] : [`the name of the queue must be ${rule}`]),
    ...(isName(poisonQueue) || !isName(queue) ? [] : [`"poisonQueue" must be ${rule}`]),
    ...(queue === poisonQueue ? ['"poisonQueue" must be another queue'] : []),
  ];
}

const typeFaults = (given: Readonly<Record<string, unknown>>, name: string, type: string): readonly string[] =>
  ['undefined', type].includes(typeof given[name]) ? [] : [`"${name}" must be a ${type}`];
