/** The options of a call that are passed on to the keys. */
import type { OperationOptions } from '@azure/core-client';
import type { KeyOperationOptions } from '../keys/key-encryption-key.js';

export const keyOperation = ({ abortSignal, tracingOptions }: OperationOptions): KeyOperationOptions => ({
  abortSignal,
  tracingOptions,
});
