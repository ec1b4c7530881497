/** Rules for the keys of a policy. */
import { quoted } from '../../encoding/printable.js';
import { searchKeysFaults } from '../../keys/search-keys.js';
import { isObject, type OptionRule } from '../../option-rules.js';

/** Keys, or a function that chooses or finds them. */
const functionOr = (faults: OptionRule['faults']): OptionRule => ({
  faults: (value, path) => (typeof value === 'function' ? [] : faults(value, path)),
});

export const writingKey = functionOr(keyFaults);
/** Keys of search tags. */
export const searchKeys = functionOr(searchKeysFaults);
export const readingKeys = functionOr(keyListFaults);

function keyListFaults(keys: unknown, path: string): readonly string[] {
  if (!Array.isArray(keys)) return [`"${path}" must be a function ("resolve" of a KeyRing is one) or a list of keys`];
  return [
    ...keys.flatMap((key: unknown, index) => keyFaults(key, `${path}[${index}]`)),
    ...repeatedIds(keys).map((id) => `"${path}" has two keys with the id ${quoted(String(id))}`),
  ];
}

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
