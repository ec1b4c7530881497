/** What the encryption data of a stored object says without any key: what maintenance decides by, and what a census counts. */
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { parseEncryptionData, type EncryptionData } from '../../wire/encryption-data.js';
import { unfinishedUploadOf } from '../../wire/unfinished-upload.js';
import { MAC_ENTRY } from '../integrity/entries.js';

/** Of content that is encrypted, as far as its encryption data can be read. */
export interface SealedState {
  readonly kind: 'sealed';
  /** Id of the key that wraps the content key. */
  readonly keyId: string;
  /** Protocol version, as it is stored. */
  readonly protocol: string;
  /** Whether integrity entries are stored. */
  readonly integrity: boolean;
  /** The library that wrote it, as it is stored; `null` where none is named. */
  readonly library: string | null;
}

/**
 * State of a stored object.
 *
 * - `sealed`: encrypted
 * - `plain`: without encryption data
 * - `unfinished`: a page blob whose upload has not finished; the content before it is in a snapshot
 * - `damaged`: its encryption data cannot be read, so it may need any key
 */
export type StoredState = SealedState | { readonly kind: 'plain' | 'unfinished' | 'damaged' };

/** State by the text of the encryption data; `undefined` where there is none. */
export function storedState(text: string | undefined): StoredState {
  if (text === undefined) return { kind: 'plain' };
  try {
    return stateOfData(parseEncryptionData(text));
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    return { kind: 'damaged' };
  }
}

/** The same for encryption data that is parsed already. */
export function stateOfData(data: EncryptionData): StoredState {
  if (unfinishedUploadOf(data) !== null) return { kind: 'unfinished' };
  const library = data.field('KeyWrappingMetadata', 'EncryptionLibrary');
  return {
    kind: 'sealed',
    keyId: data.wrappedKey.keyId,
    protocol: data.protocol,
    integrity: data.additions.has(MAC_ENTRY),
    library: typeof library === 'string' ? library : null,
  };
}
