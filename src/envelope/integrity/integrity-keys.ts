/** The keys for MACs that are derived from a content key, one for each purpose. */
import type { ContentKey } from '../../crypto/content-key.js';
import { deriveKey, hmac, type MacKey } from '../../crypto/hmac.js';
import { SHORT_TAG_LENGTH } from './bind.js';

export const headerKey = (contentKey: ContentKey): MacKey => deriveKey(contentKey, 'azcse/header/v1');
export const ciphertextKey = (contentKey: ContentKey): MacKey => deriveKey(contentKey, 'azcse/content/v1');
export const propertyKey = (contentKey: ContentKey): MacKey => deriveKey(contentKey, 'azcse/property/v1');

/** The tag of a context. It is keyed, because a plain hash would reveal a name to anyone who tries a million of them. */
export const contextTag = (contentKey: ContentKey, context: string): Buffer =>
  hmac(deriveKey(contentKey, 'azcse/context/v1'), context).subarray(0, SHORT_TAG_LENGTH);
