/** Errors of content that is not what the application wrote there, or not what it accepts. */
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

/** Content is bound to another context than the one that the policy names, or to none. */
export class ContextMismatchError extends EncryptedStorageError {
  readonly code = 'CONTEXT_MISMATCH';
  constructor() {
    super(
      'The content is bound to another context: check what "context" returns for this target, and whether the content was copied there',
    );
  }
}

/** Content is stored in a protocol version that the policy does not read. */
export class ProtocolNotAllowedError extends EncryptedStorageError {
  readonly code = 'PROTOCOL_NOT_ALLOWED';
  constructor(readonly protocol: string) {
    super(
      `Content in protocol ${JSON.stringify(protocol)} is not read here: add it to "readProtocols" if you expect such content`,
    );
  }
}

/** Too many openings of content under one wrapped key failed. It passes within an hour. */
export class LockedOutError extends EncryptedStorageError {
  readonly code = 'LOCKED_OUT';
  constructor(readonly keyId: string) {
    super(
      `Content under a key wrapped by ${JSON.stringify(keyId)} failed to open too often: find out who changes it, and try again in an hour`,
    );
  }
}
