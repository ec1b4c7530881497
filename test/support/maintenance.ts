/** Containers, tables and poison queues under an old key, and policies that leave it. */
import { AesKeyEncryptionKey } from '../../src/keys/aes-key-encryption-key.js';
import { KeyRing } from '../../src/keys/key-ring.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import type { ProtocolVersion } from '../../src/protocol/registry.js';
import { policyOf } from './blobs.js';

export const OLD = 'clinic:2025';
export const NEW = 'clinic:2026';
export const oldKey = AesKeyEncryptionKey.generate(OLD);
export const newKey = AesKeyEncryptionKey.generate(NEW);

/** Writes with the old key, as before the rotation. */
export const before = (protocol: ProtocolVersion = '2.1', more: Partial<EncryptionPolicy> = {}): EncryptionPolicy =>
  policyOf(protocol, { keyEncryptionKey: oldKey, ...more });
/** Writes with the new key, reads with both. */
export const during = (protocol: ProtocolVersion = '2.1', more: Partial<EncryptionPolicy> = {}): EncryptionPolicy =>
  policyOf(protocol, { keyEncryptionKey: newKey, keyResolver: new KeyRing([oldKey]).resolve, ...more });
/** Has only the new key. */
export const after = (protocol: ProtocolVersion = '2.1', more: Partial<EncryptionPolicy> = {}): EncryptionPolicy =>
  policyOf(protocol, { keyEncryptionKey: newKey, ...more });

/** A clock that never waits. */
export const timeless = {
  now: () => performance.now(),
  after: (_milliseconds: number, task: () => void) => {
    const timer = setTimeout(task, 0);
    return () => clearTimeout(timer);
  },
};
