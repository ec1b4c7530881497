import { storedProtocol } from '../protocol/registry.js';
import type { EncryptionData } from '../wire/encryption-data.js';

/**
 * Whether the protocol of stored content detects changes. Where it does not, an error depends on what the changed content decrypts
 * to: whoever can change content and see the error may learn the plaintext from it. False also for a protocol that is not known.
 */
export function isAuthenticated({ protocol, algorithm }: EncryptionData): boolean {
  try {
    return storedProtocol(protocol, algorithm).authenticates;
  } catch {
    return false;
  }
}
