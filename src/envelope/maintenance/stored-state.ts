/** What the encryption data of a stored object shows without any key. Maintenance uses it to decide, and a census counts it. */
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { parseEncryptionData, type EncryptionData } from '../../wire/encryption-data.js';
import { unfinishedUploadOf } from '../../wire/unfinished-upload.js';
import { MAC_ENTRY } from '../integrity/entries.js';

/** Facts about encrypted content whose encryption data can be read. */
interface SealedState {
  readonly kind: 'sealed';
  readonly keyId: string;
  readonly protocol: string;
  readonly integrity: boolean;
  /** The library that wrote it, as it is stored; `null` if none is named. */
  readonly library: string | null;
}

/**
 * State of a stored object.
 *
 * - `sealed`: encrypted
 * - `plain`: without encryption data
 * - `unfinished`: a page blob whose upload has not finished; its previous content is in a snapshot
 * - `lookup`: an entry of a lookup table, which says which row has a search tag
 * - `damaged`: its encryption data cannot be read, so it may need any key
 */
export type StoredState = SealedState | { readonly kind: 'plain' | 'unfinished' | 'lookup' | 'damaged' };

/** The state for a text of encryption data; `undefined` if there is none. */
export function storedState(text: string | undefined): StoredState {
  if (text === undefined) return { kind: 'plain' };
  try {
    return stateOfData(parseEncryptionData(text));
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    return { kind: 'damaged' };
  }
}

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
