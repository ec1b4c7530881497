/**
 * Checks the integrity entries of stored content before anything is opened: the flag, then the MAC of the header, then the
 * context, then the length. Every fault is a `DECRYPTION_FAILED` without a reason, with two exceptions that do not depend on
 * anything secret: missing entries that must be present, and a different context.
 */
import { equalBytes } from '../../crypto/bytes.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { DecryptionError } from '../../errors/content.js';
import { ContextMismatchError, IntegrityMissingError } from '../../errors/integrity.js';
import { type Bind, parseBind } from './bind.js';
import { type IntegrityEntries, storedEntries } from './entries.js';
import { type EntityHeader, headerInput } from './header.js';
import { contextTag, headerMac } from './integrity-keys.js';
import type { IntegrityMode } from './integrity-options.js';
import { bindShapeOf, type BoundContent, hasWholeTag } from './sealing.js';

/** Stored content, as far as needed to check its header. */
interface StoredContent extends BoundContent {
  readonly additions: ReadonlyMap<string, unknown>;
  /**
   * Number of stored ciphertext bytes. `any` in a recovery, which reads what is left, and for an entity, which binds tags
   * instead.
   */
  readonly length: number | 'any';
  readonly entity?: EntityHeader | undefined;
}

/** A header that is valid. */
export interface VerifiedHeader {
  readonly bind: Bind;
  /** Tag over all of the ciphertext, if the format itself does not detect changes. */
  readonly tag: Buffer | null;
  /** The MAC, which identifies this write. */
  readonly mac: Buffer;
}

/**
 * @returns `null` for content that has no entries and need not have any.
 */
export function verifyHeader(
  contentKey: ContentKey,
  content: StoredContent,
  { isStripped, mode }: { readonly isStripped: boolean; readonly mode: Exclude<IntegrityMode, 'off'> },
): VerifiedHeader | null {
  const entries = storedEntries(content.additions);
  if (entries === null) {
    if (isStripped || mode === 'require') throw new IntegrityMissingError();
    return null;
  }
  if ((entries.tag !== null) !== hasWholeTag(content)) throw new DecryptionError();
  assertMac(contentKey, content, entries);
  const bind = parseBind(entries.bind, bindShapeOf(content));
  assertContext(contentKey, content.context, bind.context);
  assertLengths(content, bind);
  return { bind, tag: entries.tag, mac: entries.mac };
}

function assertMac(contentKey: ContentKey, content: StoredContent, entries: IntegrityEntries): void {
  const { partitionKey = '', rowKey = '', types = '' } = content.entity ?? {};
  // a lone surrogate has the same bytes as another text
  if (![entries.bind, partitionKey, rowKey, types].every((part) => part.isWellFormed())) throw new DecryptionError();
  const expected = headerMac(contentKey, headerInput(content, entries));
  if (!equalBytes(expected, entries.mac)) throw new DecryptionError();
}

function assertContext(contentKey: ContentKey, context: string | null, stored: Buffer | undefined): void {
  if (context === null && stored === undefined) return;
  const isSame = context !== null && stored !== undefined && equalBytes(contextTag(contentKey, context), stored);
  if (!isSame) throw new ContextMismatchError();
}

function assertLengths({ form, length, protocol, field }: StoredContent, bind: Bind): void {
  if (form === 'entity' || length === 'any') return;
  const { ciphertextLength, plaintextLength } = bind;
  if (ciphertextLength !== length) throw new DecryptionError();
  // numbers written by someone who has the key must fit too
  const layout = protocol.storedLayout(field, form);
  if (plaintextLength !== undefined && layout.ciphertextLength(plaintextLength) !== length) throw new DecryptionError();
}
