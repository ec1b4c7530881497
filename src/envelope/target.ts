import type { EncryptionTarget } from '../keys/key-encryption-key.js';

/** Name of the container, queue or table. Only this part of a target may be reported, because its other names can be personal. */
export function resourceOf(target: EncryptionTarget): string {
  if (target.kind === 'blob') return target.container;
  return target.kind === 'queue' ? target.queue : target.table;
}
