/** The integrity tag of a write: the MAC of its entries in base64. Applications keep it to detect older versions. */
import { MAC_LENGTH } from '../../crypto/hmac.js';
import { decodeCanonicalBase64 } from '../../encoding/base64.js';
import { DecryptionError } from '../../errors/content.js';
import { InvalidOptionsError } from '../../errors/input.js';
import type { ContentForm, Protocol } from '../../protocol/protocol.js';
import { parseBind } from './bind.js';
import { MAC_ENTRY, storedEntries } from './entries.js';
import { type IntegrityOptions, integrityOf } from './integrity-options.js';
import { bindShapeOf } from './sealing.js';

/** Options of reads to detect that an older version was put back. */
export interface ExpectedTagOptions {
  /**
   * The `integrityTag` of the write that you expect: a read of anything else is `STALE_CONTENT`. 44 characters, base64 of 32 bytes.
   * Cannot be used while `integrity` is `'off'`.
   */
  readonly expectedIntegrityTag?: string;
}

/** Members of the responses to reads and writes in addition to the SDK's. */
export interface IntegrityTagged {
  /**
   * Identifies the write: base64 of 32 bytes. Keep it outside the storage account, and pass it to later reads as
   * `expectedIntegrityTag`. Missing for content without integrity entries, and if `integrity` is `'off'`.
   */
  readonly integrityTag?: string;
}

/** The tag of content with these entries. */
export function integrityTagIn(entries: ReadonlyMap<string, unknown>): string | undefined {
  const tag = entries.get(MAC_ENTRY);
  return typeof tag === 'string' ? tag : undefined;
}

/** The bytes of the tag that a read expects. Throws {@link InvalidOptionsError} for a text that is not a tag, or if nothing is verified. */
export function expectedTagOf(
  policy: IntegrityOptions,
  { expectedIntegrityTag }: ExpectedTagOptions,
): Buffer | undefined {
  if (expectedIntegrityTag === undefined) return undefined;
  if (integrityOf(policy) === 'off') {
    throw new InvalidOptionsError(['"expectedIntegrityTag" cannot be used while "integrity" is "off"']);
  }
  const tag = typeof expectedIntegrityTag === 'string' ? decodeCanonicalBase64(expectedIntegrityTag) : null;
  if (tag?.length === MAC_LENGTH) return tag;
  throw new InvalidOptionsError([
    `"expectedIntegrityTag" must be ${MAC_LENGTH} bytes of base64, as writes return them`,
  ]);
}

/** What the entries state, unverified, for readers without the key. */
export interface StatedIntegrity {
  readonly integrityTag?: string;
  /** Bytes of plaintext, if padding hides them. */
  readonly plaintextLength?: number;
}

/** Empty for content without entries, or with damaged ones. */
export function statedIntegrity(
  { protocol, form }: { readonly protocol: Protocol; readonly form: ContentForm },
  additions: ReadonlyMap<string, unknown>,
): StatedIntegrity {
  try {
    const entries = storedEntries(additions);
    if (entries === null) return {};
    const { plaintextLength } = parseBind(entries.bind, bindShapeOf({ protocol, form }));
    return { integrityTag: entries.mac.toString('base64'), plaintextLength };
  } catch (error) {
    if (error instanceof DecryptionError) return {};
    throw error;
  }
}
