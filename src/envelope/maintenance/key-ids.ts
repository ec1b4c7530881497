/**
 * Ids of keys: a list, or all ids that begin with `prefix` except those listed, such as all versions of a key in a vault except the
 * newest. An empty prefix matches every key.
 */
export type KeyIds = readonly string[] | { readonly prefix: string; readonly except: readonly string[] };

export const isAmong = (ids: KeyIds, keyId: string): boolean =>
  'prefix' in ids ? keyId.startsWith(ids.prefix) && !ids.except.includes(keyId) : ids.includes(keyId);
