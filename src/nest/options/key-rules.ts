/** Rules for the keys of a policy. */
import { quoted } from '../../encoding/printable.js';
import { searchKeysFaults } from '../../keys/search-keys.js';
import { isObject, type OptionRule } from '../../option-rules.js';

/** A key, or a function that chooses one. */
export const writingKey: OptionRule = {
  faults: (value, path) => (typeof value === 'function' ? [] : keyFaults(value, path)),
};

/** Keys of search tags, or a function that chooses them. */
export const searchKeys: OptionRule = {
  faults: (value, path) => (typeof value === 'function' ? [] : searchKeysFaults(value, path)),
};

/** A function that finds keys, or a list of keys with different ids. */
export const readingKeys: OptionRule = {
  faults: (value, path) => {
    if (typeof value === 'function') return [];
    if (!Array.isArray(value)) {
      return [`"${path}" must be a function ("resolve" of a KeyRing is one) or a list of keys`];
    }
    return [
      ...value.flatMap((key: unknown, index) => keyFaults(key, `${path}[${index}]`)),
      ...repeatedIds(value).map((id) => `"${path}" has two keys with the id ${quoted(String(id))}`),
    ];
  },
};

function keyFaults(key: unknown, path: string): readonly string[] {
  if (!isObject(key)) return [`"${path}" must be a key with keyId, wrapKey and unwrapKey`];
  return [
    ...(typeof key['keyId'] === 'string' && key['keyId'] !== '' ? [] : [`"${path}" has no keyId`]),
    ...['wrapKey', 'unwrapKey']
      .filter((method) => typeof key[method] !== 'function')
      .map((method) => `"${path}" has no method ${method}`),
  ];
}

/** In one pass, because a list may contain a key for each of many tenants. */
function repeatedIds(keys: readonly unknown[]): readonly unknown[] {
  const seen = new Set<unknown>();
  const repeated: unknown[] = [];
  for (const key of keys) {
    const id = isObject(key) ? key['keyId'] : undefined;
    if (id !== undefined && seen.has(id)) repeated.push(id);
    seen.add(id);
  }
  return repeated;
}
