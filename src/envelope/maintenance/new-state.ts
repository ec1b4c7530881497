/** Checks that a job makes progress: what it writes must not match what the task selects. */
import { InvalidOptionsError } from '../../errors/input.js';
import type { NewEncryptionData } from '../../wire/encryption-data.js';
import type { EncryptionPolicy } from '../encryption-policy.js';
import type { ObjectResult } from './outcome.js';
import { isChosen, type MaintenanceTask } from './task.js';

/**
 * The result for an object that the task would select again, so that every run would write it once more.
 *
 * @throws `INVALID_OPTIONS` if one key writes everywhere, so that this applies to every object
 */
export function selectedAgain({ keyEncryptionKey }: EncryptionPolicy, fault: string): ObjectResult {
  if (typeof keyEncryptionKey === 'function') return { outcome: 'refused', code: 'WRITING_KEY_IS_RETIRED' };
  throw new InvalidOptionsError([fault]);
}

/** `null` if the task does not select new content under this key, in this protocol. */
export function chosenAgain(
  policy: EncryptionPolicy,
  task: MaintenanceTask,
  { wrappedKey, protocol }: Pick<NewEncryptionData, 'wrappedKey' | 'protocol'>,
): ObjectResult | null {
  const integrity = policy.integrity !== 'off';
  const state = { kind: 'sealed', keyId: wrappedKey.keyId, protocol, integrity, library: null } as const;
  if (!isChosen(task, state)) return null;
  return selectedAgain(
    policy,
    'what is written would be selected again: write with another key or protocol, and leave "integrity" on',
  );
}
