import type { PoisonReason } from './poison-reason.js';

/** The message that an event is about, without its content. */
export interface EventMessage {
  readonly messageId: string;
  readonly dequeueCount: number;
}

/**
 * What happens in a consumer. `error` is exactly what was thrown; an error from a handler may repeat the content of the message.
 *
 * - `handled`: the handler returned, and the message is deleted
 * - `failed`: the handler threw; the message is visible again after `retryDelay` seconds
 * - `poisoned`: the message is in the poison queue
 * - `released`: the message is visible again after `retryDelay` seconds, for a reason other than a failure of its handler
 * - `renewalFailed`: the message could not be renewed while its handler runs; the renewal is retried as long as there is time
 * - `lost`: the time of the message ran out, another consumer received it, or it expired. The signal of the handler is aborted;
 *   what the handler did may be done again
 * - `unsettled`: the message could not be deleted, released or moved; it will be delivered again
 * - `keyUnavailable`, `keyAvailable`: beginning and end of an outage of a key
 * - `queueUnavailable`, `queueAvailable`: beginning and end of a period in which the queue cannot be polled
 */
export type QueueConsumerEvent = { readonly queue: string } & (
  | { readonly kind: 'handled' | 'lost'; readonly message: EventMessage }
  | { readonly kind: 'failed'; readonly message: EventMessage; readonly error: unknown; readonly retryDelay: number }
  | {
      readonly kind: 'poisoned';
      readonly message: EventMessage;
      readonly reason: PoisonReason;
      readonly keyId: string | null;
      /** Whether reason and key id are stored with the text. A text that nearly fills a message leaves no room for them. */
      readonly isWrapped: boolean;
      readonly error?: unknown;
    }
  | { readonly kind: 'released'; readonly message: EventMessage; readonly retryDelay: number; readonly error?: unknown }
  | { readonly kind: 'renewalFailed'; readonly message: EventMessage; readonly error: unknown }
  | { readonly kind: 'unsettled'; readonly message: EventMessage; readonly error: unknown }
  | { readonly kind: 'keyUnavailable'; readonly keyId: string; readonly error: unknown }
  | { readonly kind: 'keyAvailable'; readonly keyId: string }
  | { readonly kind: 'queueUnavailable'; readonly error: unknown }
  | { readonly kind: 'queueAvailable' }
);

/** An event as the parts of a consumer report it. They do not need to know the name of the queue. */
export type Report = (event: DistributiveOmit<QueueConsumerEvent, 'queue'>) => void;

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;
