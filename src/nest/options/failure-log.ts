/** Logs with Nest's logger what could not be read, without content, table keys or names of blobs. */
import { Logger } from '@nestjs/common';
import { quoted } from '../../encoding/printable.js';
import type { ContentFacts, ReadFailure } from '../../envelope/read-failure.js';
import type { SearchTagMismatch } from '../../table/search/tag-check.js';

const logger = new Logger('EncryptedStorageModule');

export function warnOfReadFailure({ kind, resource, code, protocol, keyId }: ReadFailure): void {
  const from = `${kind} content from ${quoted(resource)}`;
  logger.warn(`${from} could not be read: ${code}, protocol ${quoted(protocol)}, key ${quoted(keyId)}`);
}

export function warnOfMissingIntegrity({ kind, resource, protocol, keyId }: ContentFacts): void {
  const from = `${kind} content from ${quoted(resource)}`;
  logger.warn(
    `${from} had integrity entries that were removed, and was read because "integrity" is "off": protocol ${quoted(protocol)}, key ${quoted(keyId)}`,
  );
}

export function warnOfSearchTag({ tableName, propertyName, fault }: SearchTagMismatch): void {
  const tag = fault === 'missing' ? 'no search tag' : 'a search tag that does not fit its value';
  logger.warn(
    `a row of table ${quoted(tableName)} has ${tag} in ${quoted(propertyName)}, so searches do not find it: run reindex`,
  );
}
