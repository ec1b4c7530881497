/** Whether re-encryption leads anywhere: what it writes must not be what it was asked to leave. */
import { InvalidOptionsError } from '../../errors/input.js';
import type { NewEncryptionData } from '../../wire/encryption-data.js';
import type { EncryptionPolicy } from '../encryption-policy.js';
import type { ObjectResult } from './outcome.js';
import { isChosen, type MaintenanceTask } from './task.js';

/** A key, protocol or lack of entries that the task would choose again. */
const CHOSEN_AGAIN: ObjectResult = { outcome: 'refused', code: 'WRITING_KEY_IS_RETIRED' };

/**
 * `null` if the new content is not chosen again. One that is would be encrypted anew in every run.
 *
 * @throws `INVALID_OPTIONS` where one key writes everywhere, so that this goes for every object
 */
export function chosenAgain(
  policy: EncryptionPolicy,
  task: MaintenanceTask,
  { wrappedKey, protocol }: Pick<NewEncryptionData, 'wrappedKey' | 'protocol'>,
): ObjectResult | null {
  const integrity = policy.integrity !== 'off';
  const state = { kind: 'sealed', keyId: wrappedKey.keyId, protocol, integrity, library: null } as const;
  if (!isChosen(task, state)) return null;
  if (typeof policy.keyEncryptionKey === 'function') return CHOSEN_AGAIN;
  throw new InvalidOptionsError([
    'what is written would be chosen again: take another key or protocol to write with, and leave "integrity" on',
  ]);
}
