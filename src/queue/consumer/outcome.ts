import type { PoisonReason } from './poison-reason.js';

export type Outcome =
  | { readonly kind: 'handled' | 'abandoned' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'hopeless'; readonly reason: PoisonReason; readonly error?: unknown }
  /** A key could not be used, by the consumer or by the handler. A retry after `retryDelay` seconds may help. */
  | { readonly kind: 'excused'; readonly retryDelay: number; readonly error?: unknown };
