/** What is computed under keys derived from a content key, one key for each purpose. */
import type { ContentKey } from '../../crypto/content-key.js';
import { deriveKey, macUnderDerivedKey, type MacKey, startMac, underDerivedKey } from '../../crypto/hmac.js';
import { SHORT_TAG_LENGTH } from './bind.js';

export const headerMac = (contentKey: ContentKey, header: Uint8Array): Buffer =>
  macUnderDerivedKey(contentKey, 'azcse/header/v1', header);

const CIPHERTEXT_LABEL = 'azcse/content/v1';

/** The key for a MAC over ciphertext, if another thread computes the MAC. */
export const ciphertextKey = (contentKey: ContentKey): MacKey => deriveKey(contentKey, CIPHERTEXT_LABEL);

/** The MAC over ciphertext, computed here. */
export const ciphertextMac = (contentKey: ContentKey): ReturnType<typeof startMac> =>
  startMac(contentKey, CIPHERTEXT_LABEL);

/** The tag of a context. It is keyed, because a plain hash would reveal a name to anyone who tries a million names. */
export const contextTag = (contentKey: ContentKey, context: string): Buffer =>
  macUnderDerivedKey(contentKey, 'azcse/context/v1', context).subarray(0, SHORT_TAG_LENGTH);

/** Calls `work` with the key of the tags of properties, which is wiped when it returns. */
export const underPropertyKey = <Result>(contentKey: ContentKey, work: (key: Uint8Array) => Result): Result =>
  underDerivedKey(contentKey, 'azcse/property/v1', work);
