/** Logs with Nest's logger what could not be read, without content, table keys or names of blobs. */
import { Logger } from '@nestjs/common';
import { quoted } from '../../encoding/printable.js';
import type { ReadFailure } from '../../envelope/read-failure.js';

const logger = new Logger('EncryptedStorageModule');

export function warnOfReadFailure({ kind, resource, code, protocol, keyId }: ReadFailure): void {
  const from = `${kind} content from ${quoted(resource)}`;
  logger.warn(`${from} could not be read: ${code}, protocol ${quoted(protocol)}, key ${quoted(keyId)}`);
}
