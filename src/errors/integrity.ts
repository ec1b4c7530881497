/** Errors about content that the application did not write there, or does not accept. */
import { printable, quoted } from '../encoding/printable.js';
import { EncryptedStorageError } from './base.js';

/** Content has no integrity entries, although it was written with them or the policy requires them. */
export class IntegrityMissingError extends EncryptedStorageError {
  readonly code = 'INTEGRITY_MISSING';
  constructor() {
    super(
      'The integrity entries of the content are missing: if "integrity" is "require", write the content again, otherwise restore it from a backup',
    );
  }
}

/** Content is bound to a different context than the one that the policy returns, or only one of the two has a context. */
export class ContextMismatchError extends EncryptedStorageError {
  readonly code = 'CONTEXT_MISMATCH';
  constructor() {
    super(
      'The content is bound to another context: check what "context" returns for this target, and whether the content was copied there',
    );
  }
}

/** Content is not the one that the caller expects: an older or a newer version, or other content. */
export class StaleContentError extends EncryptedStorageError {
  readonly code = 'STALE_CONTENT';
  constructor() {
    super(
      'The content does not have the expected integrity tag: if nobody wrote it since you noted the tag, an old version was put back, so restore it from a backup',
    );
  }
}

/** Content is stored in a protocol version that the policy does not read. */
export class ProtocolNotAllowedError extends EncryptedStorageError {
  readonly code = 'PROTOCOL_NOT_ALLOWED';
  constructor(readonly protocol: string) {
    super(
      `This policy does not read content in protocol ${quoted(protocol)}: add it to "readProtocols" if you expect such content`,
    );
  }
}

/** Content under one wrapped key failed to decrypt too many times. The lock ends within an hour. */
export class LockedOutError extends EncryptedStorageError {
  readonly code = 'LOCKED_OUT';
  readonly keyId: string;
  constructor(keyId: string) {
    super(
      `Content whose content key was wrapped by ${quoted(keyId)} failed to decrypt too many times: find out who changes it, and try again in an hour`,
    );
    this.keyId = printable(keyId);
  }
}
