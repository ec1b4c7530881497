/**
 * The encryption data of a page blob whose upload is not complete:
 *
 *     KeyId "unfinished-upload", with a wrapped key that no key unwraps
 *     KeyWrappingMetadata: AzCseUpload    id of the upload
 *                          AzCsePrevious  snapshot that holds the content before it, if there was any
 *
 * It has the same shape as all encryption data, so a reader of any SDK, whether it requires encryption or not, looks for the key
 * and fails. Pages that are only partly written are never read as content, sealed or plain.
 */
import { InvalidEncryptionDataError, UploadUnfinishedError } from '../errors/content.js';
import {
  type EncryptionData,
  formatEncryptionData,
  type NewEncryptionData,
  parseEncryptionData,
} from './encryption-data.js';

export interface UnfinishedUpload {
  readonly id: string;
  /** Snapshot of the content that the upload replaces. */
  readonly previous: string | undefined;
}

const KEY_ID = 'unfinished-upload';
const UPLOAD = 'AzCseUpload';
const PREVIOUS = 'AzCsePrevious';
/** As long as a content key wrapped with A256KW, but it fails the check of that algorithm. */
const WRAPPED_KEY = { keyId: KEY_ID, algorithm: 'A256KW', encryptedKey: Buffer.alloc(40) };

/** The encryption data that a blob has until its upload is complete. */
export function formatUnfinished(encryptionData: NewEncryptionData, { id, previous }: UnfinishedUpload): string {
  const additions = new Map([[UPLOAD, id]]);
  if (previous !== undefined) additions.set(PREVIOUS, previous);
  return formatEncryptionData({ ...encryptionData, wrappedKey: WRAPPED_KEY, additions }, 'blob');
}

/** The upload that is not complete; `null` for the encryption data of content. */
export function unfinishedUploadOf({ wrappedKey, additions }: EncryptionData): UnfinishedUpload | null {
  const [id, previous] = [additions.get(UPLOAD), additions.get(PREVIOUS)];
  if (wrappedKey.keyId !== KEY_ID || typeof id !== 'string') return null;
  return { id, previous: typeof previous === 'string' ? previous : undefined };
}

/** Throws {@link UploadUnfinishedError} if the upload of the content is not complete. */
export function assertFinished(encryptionData: EncryptionData): void {
  const upload = unfinishedUploadOf(encryptionData);
  if (upload !== null) throw new UploadUnfinishedError(upload.previous);
}

/** The same for text that may not be encryption data at all. */
export function unfinishedUploadIn(text: string | undefined): UnfinishedUpload | null {
  try {
    return text === undefined ? null : unfinishedUploadOf(parseEncryptionData(text));
  } catch (error) {
    if (error instanceof InvalidEncryptionDataError) return null;
    throw error;
  }
}
