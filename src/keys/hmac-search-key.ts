/**
 * Keys of search tags: HMAC-SHA-256 under a key derived for each property of each table.
 *
 *     id     HKDF-SHA-256(key, no salt, LP("azcse/search/kid"), 3 bytes), 6 hex digits
 *     K_p    HKDF-SHA-256(key, no salt, LP("azcse/search/v1") LP(lower(table)) LP(property), 32 bytes)
 *     mac    HMAC-SHA-256(K_p, LP(part) LP(part) ...)
 *
 * LP(x) is the length of x as a big-endian u32, then x in UTF-8. Source: docs/formats.md, "Search tags".
 */
import { createHmac, createSecretKey, generateKeySync, hkdfSync, KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { lengthPrefixedList } from '../encoding/length-prefixed.js';
import { InvalidOptionsError } from '../errors/input.js';

/** Length of a key, in bytes. */
const KEY_LENGTH = 32;
const KEY_ID_LENGTH = 3;
const DERIVED_LENGTH = 32;
const HASH = 'sha256';
/** Derived keys that stay in memory. A derivation costs about as much as three tags. */
const MAX_DERIVED = 1000;

/** The property that a tag belongs to. */
export interface SearchedProperty {
  readonly table: string;
  readonly property: string;
}

/**
 * A secret key for the tags of searchable properties. It belongs to the application: never store it in the account, or anyone who
 * reads the table can test guesses. It cannot decrypt anything. If you lose it, rows stay readable, and `reindex` writes new
 * tags. The bytes are in handles, which neither `JSON.stringify` nor `console.log` can read.
 *
 * @example
 * ```ts
 * import { HmacSearchKey } from 'nestjs-azure-encrypted-storage';
 *
 * export const searchKeys = { write: HmacSearchKey.fromBase64(process.env['CLINIC_SEARCH_KEY'] ?? '') };
 * ```
 */
export class HmacSearchKey {
  /** 6 hex digits, derived from the key and stored in each tag. */
  readonly keyId: string;
  readonly #key: KeyObject;
  readonly #derived = new LRUCache<string, KeyObject>({ max: MAX_DERIVED });

  private constructor(key: KeyObject) {
    this.#key = key;
    this.keyId = derive(key, ['azcse/search/kid'], KEY_ID_LENGTH).toString('hex');
  }

  /**
   * Creates a key from standard, padded base64 (RFC 4648, section 4) of 32 bytes, such as the output of `openssl rand -base64 32`.
   * A line break at the end is ignored.
   *
   * @throws `INVALID_OPTIONS` for any other text or length. The error never quotes the text.
   */
  static fromBase64(base64: string): HmacSearchKey {
    const text = typeof (base64 as unknown) === 'string' ? base64.replace(/\r?\n$/, '') : '';
    const bytes = Buffer.from(text, 'base64');
    try {
      if (bytes.length !== KEY_LENGTH || bytes.toString('base64') !== text) {
        throw new InvalidOptionsError(['a search key must be 32 bytes in standard, padded base64']);
      }
      return new HmacSearchKey(createSecretKey(bytes));
    } finally {
      bytes.fill(0);
    }
  }

  /**
   * Creates a key from a secret `KeyObject` of 32 bytes.
   *
   * @throws `INVALID_OPTIONS` for another kind of key, or another length
   */
  static fromKeyObject(key: KeyObject): HmacSearchKey {
    const given: unknown = key;
    if (!(given instanceof KeyObject) || given.type !== 'secret' || given.symmetricKeySize !== KEY_LENGTH) {
      throw new InvalidOptionsError(['a search key must be a secret KeyObject of 32 bytes']);
    }
    return new HmacSearchKey(given);
  }

  /** Generates a random key, for tests and trials. When the process ends, nothing can be searched by its tags any more. */
  static generate(): HmacSearchKey {
    return new HmacSearchKey(generateKeySync('aes', { length: KEY_LENGTH * 8 }));
  }

  /** The MAC of a list of texts under the key of one property of one table: 64 hex digits in lower case. */
  mac({ table, property }: SearchedProperty, parts: readonly string[]): string {
    // the digits directly: a buffer in between takes as long as the MAC
    return createHmac(HASH, this.#keyOf(table.toLowerCase(), property)).update(lengthPrefixedList(parts)).digest('hex');
  }

  #keyOf(table: string, property: string): KeyObject {
    // a table's name has no slash
    const place = `${table}/${property}`;
    const known = this.#derived.get(place);
    if (known !== undefined) return known;
    const bytes = derive(this.#key, ['azcse/search/v1', table, property], DERIVED_LENGTH);
    const derived = createSecretKey(bytes);
    bytes.fill(0);
    this.#derived.set(place, derived);
    return derived;
  }
}

function derive(key: KeyObject, info: readonly string[], length: number): Buffer {
  return Buffer.from(hkdfSync(HASH, key, new Uint8Array(0), lengthPrefixedList(info), length));
}
