import { printable } from '../encoding/printable.js';
import type { KeyEncryptionKey, WrappedKey } from '../keys/key-encryption-key.js';
import type { KeyEvent, KeyEventListener } from '../keys/key-event.js';
import { isAbort } from '../aborts.js';
import { wrapLocationOf } from './key-request.js';

export interface ReportedCall<Result> {
  readonly operation: 'wrap' | 'unwrap';
  readonly keyId: string;
  /** The event of a success. */
  readonly done: (result: Result, milliseconds: number) => KeyEvent;
}

export const wrapCall = (key: KeyEncryptionKey): ReportedCall<WrappedKey> => ({
  operation: 'wrap',
  keyId: key.keyId,
  done: ({ keyId, algorithm }, milliseconds) => ({
    kind: 'wrapped',
    keyId,
    algorithm,
    where: wrapLocationOf(key),
    milliseconds,
  }),
});

export const unwrapCall = ({ keyId, algorithm }: WrappedKey): ReportedCall<Uint8Array> => ({
  operation: 'unwrap',
  keyId,
  done: (_bytes, milliseconds) => ({
    kind: 'unwrapped',
    keyId: printable(keyId),
    algorithm: printable(algorithm),
    milliseconds,
  }),
});

/** Makes the call and reports how it ended. Aborts are not reported. */
export async function reported<Result>(
  listener: KeyEventListener,
  { operation, keyId, done }: ReportedCall<Result>,
  call: () => Promise<Result>,
): Promise<Result> {
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
