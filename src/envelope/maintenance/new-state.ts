/** Checks that re-encryption makes progress: what it writes must not match what the task selects. */
import { InvalidOptionsError } from '../../errors/input.js';
import type { NewEncryptionData } from '../../wire/encryption-data.js';
import type { EncryptionPolicy } from '../encryption-policy.js';
import type { ObjectResult } from './outcome.js';
import { isChosen, type MaintenanceTask } from './task.js';

/** A key, protocol or lack of entries that the task would select again. */
const CHOSEN_AGAIN: ObjectResult = { outcome: 'refused', code: 'WRITING_KEY_IS_RETIRED' };

/**
 * `null` if the task does not select the new content. Otherwise every run would encrypt it again.
 *
 * @throws `INVALID_OPTIONS` if one key writes everywhere, so that this applies to every object
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
    'what is written would be selected again: write with another key or protocol, and leave "integrity" on',
  ]);
}
