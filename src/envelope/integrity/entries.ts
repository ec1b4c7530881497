/** The integrity entries of `KeyWrappingMetadata`: their names, and whether they exist. */
import { MAC_LENGTH } from '../../crypto/hmac.js';
import { decodeCanonicalBase64 } from '../../encoding/base64.js';
import { DecryptionError } from '../../errors/content.js';

export const BIND_ENTRY = 'AzCseBind';
const TAG_ENTRY = 'AzCseTag';
export const MAC_ENTRY = 'AzCseMac';

export interface IntegrityEntries {
  readonly bind: string;
  /** Tag over the ciphertext, only if the format itself does not detect changes. */
  readonly tag: Buffer | null;
  readonly mac: Buffer;
}

/**
 * The stored entries, or `null` if there are none. Throws {@link DecryptionError} if only some of the entries exist, or have
 * values that no writer produces: that is damage, not content without entries.
 */
export function storedEntries(additions: ReadonlyMap<string, unknown>): IntegrityEntries | null {
  if (!additions.has(BIND_ENTRY) && !additions.has(TAG_ENTRY) && !additions.has(MAC_ENTRY)) return null;
  const bind = additions.get(BIND_ENTRY);
  if (typeof bind !== 'string') throw new DecryptionError();
  return {
    bind,
    tag: additions.has(TAG_ENTRY) ? macOf(additions.get(TAG_ENTRY)) : null,
    mac: macOf(additions.get(MAC_ENTRY)),
  };
}

/** Whether an entry is missing that all content with entries has. */
export const lacksEntries = (additions: ReadonlyMap<string, unknown>): boolean =>
  !additions.has(BIND_ENTRY) || !additions.has(MAC_ENTRY);

/** In the order in which they are written. */
export function entriesToWrite({ bind, tag, mac }: IntegrityEntries): ReadonlyMap<string, string> {
  const entries = new Map([[BIND_ENTRY, bind]]);
  if (tag !== null) entries.set(TAG_ENTRY, tag.toString('base64'));
  return entries.set(MAC_ENTRY, mac.toString('base64'));
}

function macOf(entry: unknown): Buffer {
  const mac = typeof entry === 'string' ? decodeCanonicalBase64(entry) : null;
  if (mac?.length !== MAC_LENGTH) throw new DecryptionError();
  return mac;
}
