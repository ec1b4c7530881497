import { storedProtocol } from '../protocol/registry.js';
import type { EncryptionData } from '../wire/encryption-data.js';

/**
 * Whether the protocol of stored content detects changes. If it does not, errors depend on what the changed content decrypts to,
 * and someone who can change content and see the error may learn the plaintext. False also for an unknown protocol.
 */
export function isAuthenticated({ protocol, algorithm }: EncryptionData): boolean {
  try {
    return storedProtocol(protocol, algorithm).authenticates;
  } catch {
    return false;
  }
}
