/** What is computed under keys derived from a content key, one key for each purpose. */
import type { ContentKey } from '../../crypto/content-key.js';
import { deriveKey, macUnderDerivedKey, type MacKey } from '../../crypto/hmac.js';
import { SHORT_TAG_LENGTH } from './bind.js';

export const headerMac = (contentKey: ContentKey, header: Uint8Array): Buffer =>
  macUnderDerivedKey(contentKey, 'azcse/header/v1', header);

export const ciphertextKey = (contentKey: ContentKey): MacKey => deriveKey(contentKey, 'azcse/content/v1');

/** The tag of a context. It is keyed, because a plain hash would reveal a name to anyone who tries a million of them. */
export const contextTag = (contentKey: ContentKey, context: string): Buffer =>
  macUnderDerivedKey(contentKey, 'azcse/context/v1', context).subarray(0, SHORT_TAG_LENGTH);

export const propertyKey = (contentKey: ContentKey): MacKey => deriveKey(contentKey, 'azcse/property/v1');
