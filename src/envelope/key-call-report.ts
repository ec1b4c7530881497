import { printable } from '../encoding/printable.js';
import type { KeyEvent, KeyEventListener } from '../keys/key-event.js';
import { isAbort } from './key-error.js';

/** What is known of a call to a key before it is made. */
export interface ReportedCall {
  readonly operation: 'wrap' | 'unwrap';
  readonly keyId: string;
}

/** Makes the call and reports how it ended; `done` gives the event of a success. Aborts are not reported. */
export async function reported<Result>(
  listener: KeyEventListener | undefined,
  { operation, keyId, done }: ReportedCall & { readonly done: (result: Result, milliseconds: number) => KeyEvent },
  call: () => Promise<Result>,
): Promise<Result> {
  if (listener === undefined) return call();
  const began = performance.now();
  try {
    const result = await call();
    listener(done(result, performance.now() - began));
    return result;
  } catch (error) {
    const { code = 'Error' } = error as { readonly code?: string };
    const milliseconds = performance.now() - began;
    if (!isAbort(error)) listener({ kind: 'failed', operation, keyId: printable(keyId), code, milliseconds });
    throw error;
  }
}
