/** What could not be read, told by Nest's logger: no content, no table keys, not even the name of a blob. */
import { Logger } from '@nestjs/common';
import type { ReadFailure } from '../../envelope/read-failure.js';

const logger = new Logger('EncryptedStorageModule');

export function warnOfReadFailure({ kind, resource, code, protocol, keyId }: ReadFailure): void {
  const from = `${kind} content from ${JSON.stringify(resource)}`;
  logger.warn(`${from} could not be read: ${code}, protocol ${protocol}, key ${JSON.stringify(keyId)}`);
}
