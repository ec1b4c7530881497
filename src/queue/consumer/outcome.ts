import type { PoisonReason } from './poison-reason.js';

/** How it went with a message. */
export type Outcome =
  | { readonly kind: 'handled' | 'abandoned' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'hopeless'; readonly reason: PoisonReason; readonly error?: unknown }
  /** A key could not be used, here or in the handler; `retryDelay` seconds may help. */
  | { readonly kind: 'excused'; readonly retryDelay: number; readonly error?: unknown };
