/** How a try may end, and which errors count as typed. */
import { setTimeout as pause } from 'node:timers/promises';
import { isEncryptedStorageError } from 'nestjs-azure-encrypted-storage';

/**
 * - `right`: it succeeded, and what it returned or stored is correct
 * - `error`: it failed with a typed error, and the old or the new content is stored
 * - `wrong`: other content, a false success, an error that cannot be identified
 * - `lost`: existing or acknowledged content is gone
 * - `hang`: it did not end within the time limit
 */
export const VERDICTS = ['right', 'error', 'wrong', 'lost', 'hang'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A fault that the check after a try found. */
export interface Finding {
  readonly verdict: 'wrong' | 'lost' | 'hang';
  readonly what: string;
}

export const wrong = (what: string): Finding => ({ verdict: 'wrong', what });
export const lost = (what: string): Finding => ({ verdict: 'lost', what });

export type End =
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'hang' };

/** Milliseconds within which a call has to end once its signal is aborted. */
const GRACE_MS = 10_000;

/** Runs a call under a signal that is aborted after `limit` ms, as an application would. */
export async function attempt(run: (signal: AbortSignal) => Promise<unknown>, limit: number): Promise<End> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new DOMException('The time is up', 'AbortError'));
  }, limit);
  const over = new AbortController();
  const ended = run(controller.signal).then(
    (value): End => ({ kind: 'done', value }),
    (error: unknown): End => ({ kind: 'failed', error }),
  );
  const hang = pause(limit + GRACE_MS, { kind: 'hang' } as const, { signal: over.signal }).catch((): End => ({
    kind: 'hang',
  }));
  const end = await Promise.race([ended, hang]);
  clearTimeout(timer);
  over.abort();
  return end;
}

/**
 * Whether an application can identify the error: one of the package, of the service or its client, or its own abort.
 */
export function isTyped(error: unknown): boolean {
  if (isEncryptedStorageError(error)) return true;
  return error instanceof Error && ['RestError', 'AbortError'].includes(error.name);
}

/** The error as a single line, for a report. */
export function describe(error: unknown): string {
  const { name, code, statusCode, message } = error as Record<string, unknown>;
  const parts = [name, code, statusCode, String(message).split('\n')[0]];
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}

export function same(found: Uint8Array, wanted: Uint8Array): boolean {
  return Buffer.compare(found, wanted) === 0;
}
