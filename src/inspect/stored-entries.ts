/** What integrity entries show without a key: which entries exist, and what they bind. */
import { type Bind, parseBind } from '../envelope/integrity/bind.js';
import { storedEntries } from '../envelope/integrity/entries.js';
import { bindShapeOf, hasWholeTag } from '../envelope/integrity/sealing.js';
import { storedProtocolOf } from '../envelope/envelope.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import { DecryptionError } from '../errors/content.js';
import type { ContentForm } from '../protocol/protocol.js';
import type { EncryptionData } from '../wire/encryption-data.js';
import type { Anomaly, Facts } from './report.js';

export interface StoredIntegrity {
  readonly facts: Facts;
  readonly anomalies: readonly Anomaly[];
  /** Bytes of ciphertext that the entries bind. */
  readonly boundLength?: number;
}

/** `null` for content without entries. */
export function inspectEntries(data: EncryptionData, form: ContentForm): StoredIntegrity | null {
  try {
    const bind = bindOf(data, form);
    if (bind === null) return null;
    const { ciphertextLength, plaintextLength, context } = bind;
    return {
      facts: {
        integrityEntries: 'complete',
        boundCiphertextBytes: ciphertextLength,
        boundPlaintextBytes: plaintextLength,
        boundToContext: context !== undefined,
      },
      anomalies: [],
      boundLength: ciphertextLength,
    };
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    const text = 'the integrity entries are incomplete, or have values that no writer stores';
    return { facts: { integrityEntries: 'damaged' }, anomalies: [{ code: 'INTEGRITY_DAMAGED', text }] };
  }
}

/** Throws `DECRYPTION_FAILED` for entries that no writer produces; `null` for none. */
function bindOf(data: EncryptionData, form: ContentForm): Bind | null {
  const entries = storedEntries(data.additions);
  if (entries === null) return null;
  const content = { protocol: storedProtocolOf(data), form };
  const bind = parseBind(entries.bind, bindShapeOf(content));
  if ((entries.tag !== null) !== hasWholeTag(content)) throw new DecryptionError();
  return bind;
}
