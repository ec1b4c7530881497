import { isObject, must, type OptionRule } from '../../option-rules.js';

/**
 * Ids of keys: a list, or all ids that begin with `prefix` except those listed, such as all versions of a key in a vault except the
 * newest. An empty prefix matches every key.
 */
export type KeyIds = readonly string[] | { readonly prefix: string; readonly except: readonly string[] };

export const isAmong = (ids: KeyIds, keyId: string): boolean =>
  'prefix' in ids ? keyId.startsWith(ids.prefix) && !ids.except.includes(keyId) : ids.includes(keyId);

export const areTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

export const keyIds = must(
  (value) => areTexts(value) || (isObject(value) && typeof value['prefix'] === 'string' && areTexts(value['except'])),
  'a list of key ids, or "prefix" and "except"',
);
const notEmpty = must((value) => !Array.isArray(value) || value.length > 0, 'a list that names at least one key');

/** The rule for keys to retire. An empty list would retire none, and look like success. */
export const retiredKeyIds: OptionRule = {
  faults: (value, path) =>
    [keyIds, notEmpty].map((rule) => rule.faults(value, path)).find(({ length }) => length > 0) ?? [],
};
