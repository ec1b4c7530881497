/**
 * The key that an inspection verifies with. Its bytes come from an environment variable or a file, never from the command line.
 */
import { readFileSync } from 'node:fs';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import { AesKeyEncryptionKey } from '../keys/aes-key-encryption-key.js';
import type { KeyEncryptionKey } from '../keys/key-encryption-key.js';
import { RsaKeyEncryptionKey } from '../keys/rsa-key-encryption-key.js';
import type { Verification } from './report.js';
import type { StoredEnvelope } from './stored-envelope.js';

export interface KeySource {
  /** The only id that the key accepts. Without it, the key accepts any id. */
  readonly keyId?: string | undefined;
  /** Name of an environment variable, or path of a file, with an AES key in base64. */
  readonly base64Env?: string | undefined;
  readonly base64File?: string | undefined;
  /** Path of a private RSA key in PEM. */
  readonly pemFile?: string | undefined;
  /** The text that the content is bound to, if a policy with "context" wrote it. */
  readonly context?: string | undefined;
}

/** A policy that reads only with this key; `null` without a key. Throws `INVALID_OPTIONS` for an invalid key. */
export function verifyingPolicy(source: KeySource): EncryptionPolicy | null {
  const make = makerOf(source);
  if (make === null) return null;
  make(source.keyId ?? 'any');
  const { context } = source;
  return {
    // nothing is written; a policy that writes this version reads every version
    protocol: '1.0',
    requireEncryption: true,
    context: context === undefined ? undefined : () => context,
    keyResolver: (keyId) => (keyId === (source.keyId ?? keyId) ? make(keyId) : null),
  };
}

function makerOf({ base64Env, base64File, pemFile }: KeySource): ((keyId: string) => KeyEncryptionKey) | null {
  if (pemFile !== undefined) {
    const pem = readFileSync(pemFile, 'utf8');
    return (keyId) => RsaKeyEncryptionKey.fromPem(keyId, pem);
  }
  const base64 = base64Env === undefined ? base64File && readFileSync(base64File, 'utf8') : process.env[base64Env];
  if (base64 === undefined) return null;
  return (keyId) => AesKeyEncryptionKey.fromBase64(keyId, base64.trim());
}

/** What a read reports about the content. */
export type ReadContent = Omit<Extract<Verification, { readonly verified: true }>, 'verified' | 'integrity'>;

/** Runs a read to its end. Only errors of this package are a result; others are failures of the inspection. */
export async function verification(
  envelope: StoredEnvelope | undefined,
  read: () => Promise<ReadContent>,
): Promise<Verification> {
  // a read that succeeds has verified the entries that are there
  const integrity = (envelope?.usable?.integrity ?? null) === null ? 'no entries' : 'verified';
  try {
    return { verified: true, integrity, ...(await read()) };
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    return { verified: false, code: error.code, text: error.message };
  }
}
