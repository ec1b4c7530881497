/** What could not be read, told by Nest's logger: no content, no table keys, not even the name of a blob. */
import { Logger } from '@nestjs/common';
import { quoted } from '../../encoding/printable.js';
import type { ReadFailure } from '../../envelope/read-failure.js';

const logger = new Logger('EncryptedStorageModule');

export function warnOfReadFailure({ kind, resource, code, protocol, keyId }: ReadFailure): void {
  const from = `${kind} content from ${quoted(resource)}`;
  logger.warn(`${from} could not be read: ${code}, protocol ${quoted(protocol)}, key ${quoted(keyId)}`);
}
