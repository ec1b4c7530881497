/**
 * Logs the events of consumers with Nest's logger. The text of an error that a handler threw is never logged, because it may
 * repeat the content of the message. Its class, its code and its stack frames are logged.
 */
import { Logger } from '@nestjs/common';
import { escaped, printable, quoted } from '../../encoding/printable.js';
import type { QueueConsumerEvent } from '../../queue/consumer/consumer-event.js';

const logger = new Logger('EncryptedQueueConsumer');

type Kind = QueueConsumerEvent['kind'];
type Event<K extends Kind> = Extract<QueueConsumerEvent, { readonly kind: K }>;
type Loggers = { readonly [K in Kind]: (event: Event<K>) => void };

const LOGGERS: Loggers = {
  handled: (event) => logger.debug(`${nameOf(event)} is handled`),
  failed: (event) =>
    logger.warn(
      `${nameOf(event)} failed and will be delivered again in ${round(event.retryDelay)} s: ${causeOf(event.error)}`,
    ),
  poisoned: (event) =>
    logger.error(
      `${nameOf(event)} is in the poison queue: ${event.reason}, ${keyOf(event.keyId)}` +
        (event.isWrapped ? '' : ', which only this line shows') +
        (event.error === undefined ? '' : `: ${causeOf(event.error)}`),
    ),
  released: (event) =>
    logger.debug(
      `${nameOf(event)} is visible again in ${round(event.retryDelay)} s` +
        (event.error === undefined ? '' : `: ${causeOf(event.error)}`),
    ),
  renewalFailed: (event) => logger.warn(`${nameOf(event)} could not be renewed: ${causeOf(event.error)}`),
  lost: (event) => logger.warn(`${nameOf(event)} was lost: another consumer may handle it again`),
  unsettled: (event) =>
    logger.error(
      `${nameOf(event)} could not be deleted, returned or moved, and will be delivered again: ${causeOf(event.error)}`,
    ),
  keyUnavailable: ({ queue, keyId, error }) =>
    logger.error(`Queue "${queue}" waits for key ${quoted(keyId)}: ${causeOf(error)}`),
  keyAvailable: ({ queue, keyId }) => logger.log(`Queue "${queue}": key ${quoted(keyId)} is available again`),
  queueUnavailable: ({ queue, error }) => logger.error(`Queue "${queue}" cannot be polled: ${causeOf(error)}`),
  queueAvailable: ({ queue }) => logger.log(`Queue "${queue}" is polled again`),
};

export function logConsumerEvent(event: QueueConsumerEvent): void {
  (LOGGERS[event.kind] as (event: QueueConsumerEvent) => void)(event);
}

const nameOf = ({ queue, message }: Extract<QueueConsumerEvent, { readonly message: unknown }>): string =>
  `Queue "${queue}": message ${printable(message.messageId)}, received ${timesOf(message.dequeueCount)},`;

const timesOf = (count: number): string => (count === 1 ? 'once' : `${count} times`);

const keyOf = (keyId: string | null): string => (keyId === null ? 'no key' : `key ${quoted(keyId)}`);

const round = (seconds: number): number => Math.ceil(seconds);

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'what was thrown is not an Error';
  const { name, code, statusCode } = error as Error & { readonly code?: unknown; readonly statusCode?: unknown };
  const facts = [name, code, statusCode].filter((fact) => typeof fact === 'string' || typeof fact === 'number');
  return [printable(facts.join(' ')), ...framesOf(error).map(escaped)].join('\n');
}

/** A stack begins with the message, whose lines may look like frames. If the message is not found there, no frame is logged. */
function framesOf({ message, stack = '' }: Error): readonly string[] {
  const at = stack.indexOf(message);
  if (at < 0) return [];
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => FRAME.test(line));
}

const FRAME = /^ {4}at .*:\d+:\d+\)?$/;
