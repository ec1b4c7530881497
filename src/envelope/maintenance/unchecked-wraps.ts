/**
 * If the key that writes is the public half of a pair, or may only wrap, new wraps cannot be checked before they replace old
 * ones.
 */
import { quoted } from '../../encoding/printable.js';
import type { EncryptionPolicy } from '../encryption-policy.js';
import type { MaintenanceTask } from './task.js';

/** The warnings, as sentences. Keys that a function chooses for each object are not known in advance. */
export function uncheckedWraps(
  { keyEncryptionKey: key }: EncryptionPolicy,
  { do: action }: MaintenanceTask,
): readonly string[] {
  if (action !== 'rewrap' || typeof key !== 'object' || key.canUnwrap !== false) return [];
  return [
    `key ${quoted(key.keyId)} cannot unwrap here, so what it wraps is not checked: before you retire the old key, read objects under it ` +
      'where it can',
  ];
}
