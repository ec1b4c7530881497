/**
 * Search tags, the values of the columns `azcse_t_<property>`:
 *
 *     <key id> "." <hex>    the first bits of mac(LP(scope) LP(type) LP(text)), see keys/hmac-search-key.ts
 *
 * The scope is the PartitionKey, or empty for the whole table. The hex digits are in lower case; unused low bits of the last one
 * are 0. Source: docs/formats.md, "Search tags".
 */
import type { SearchRule } from '../../decorators/searchable.js';
import type { HmacSearchKey, SearchedProperty } from '../../keys/hmac-search-key.js';
import type { SearchedText } from './searched-text.js';

const DIGIT_BITS = 4;

/** Where a tag is valid: a property, and for tags of one partition its key. */
interface TagPlace extends SearchedProperty {
  readonly partitionKey: string;
}

export function searchTag(
  key: HmacSearchKey,
  place: TagPlace,
  { rule, searched }: { readonly rule: SearchRule; readonly searched: SearchedText },
): string {
  const scope = rule.scope === 'partition' ? place.partitionKey : '';
  const mac = key.mac(place, [scope, searched.type, searched.text]);
  return `${key.keyId}.${leadingBits(mac, rule.bits)}`;
}

function leadingBits(mac: string, bits: number): string {
  const digits = mac.slice(0, Math.ceil(bits / DIGIT_BITS));
  if (bits % DIGIT_BITS === 0) return digits;
  const unused = digits.length * DIGIT_BITS - bits;
  const last = Number.parseInt(digits.slice(-1), 16);
  return digits.slice(0, -1) + ((last >> unused) << unused).toString(16);
}

export const keyIdOf = (tag: string): string => tag.slice(0, Math.max(tag.indexOf('.'), 0));
