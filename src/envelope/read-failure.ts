/**
 * Reports sealed content that could not be opened to the policy, without its content and without the name of the blob or entity.
 */
import { printable } from '../encoding/printable.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import type { EncryptionTarget } from '../keys/key-encryption-key.js';
import type { EncryptionData } from '../wire/encryption-data.js';
import type { EnvelopeOpener } from './integrity/property-coverage.js';
import { resourceOf } from './target.js';
import { watchOpener } from './watched-opener.js';

/** What a log may contain about stored content. Text from storage is escaped and truncated after 256 characters. */
export interface ContentFacts {
  readonly kind: EncryptionTarget['kind'];
  /** Name of the container, queue or table. */
  readonly resource: string;
  readonly protocol: string;
  /** Id of the key that wrapped the content key. */
  readonly keyId: string;
}

/** Sealed content that could not be opened. */
export interface ReadFailure extends ContentFacts {
  /** The code of the error that the caller gets. */
  readonly code: string;
}

/** Called before content is opened whose integrity entries were removed. */
export type UnverifiedReadListener = (content: ContentFacts) => void;

export const contentFacts = ({ protocol, wrappedKey }: EncryptionData, target: EncryptionTarget): ContentFacts => ({
  kind: target.kind,
  resource: resourceOf(target),
  protocol: printable(protocol),
  keyId: printable(wrappedKey.keyId),
});

/** Called once for each content, before the caller gets the error. */
export type ReadFailureListener = (failure: ReadFailure) => void;

/** Opens with `open`, and watches the result. A failure is reported once, when it occurs, and thrown. */
export function watchedOpener(
  onReadFailed: ReadFailureListener | undefined,
  read: ReadContent,
  open: () => Promise<EnvelopeOpener>,
): Promise<EnvelopeOpener> {
  return onReadFailed === undefined ? open() : watched(onReadFailed, read, open);
}

interface ReadContent {
  readonly stored: EncryptionData;
  readonly target: EncryptionTarget;
}

async function watched(
  onReadFailed: ReadFailureListener,
  { stored, target }: ReadContent,
  open: () => Promise<EnvelopeOpener>,
): Promise<EnvelopeOpener> {
  let isTold = false;
  const report = (error: unknown): void => {
    if (isTold || !isEncryptedStorageError(error)) return;
    isTold = true;
    onReadFailed({ code: error.code, ...contentFacts(stored, target) });
  };
  try {
    return watchOpener(await open(), { failed: report });
  } catch (error) {
    report(error);
    throw error;
  }
}
