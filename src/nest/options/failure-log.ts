/** Logs with Nest's logger what could not be read, without content, table keys or names of blobs. */
import { Logger } from '@nestjs/common';
import { quoted } from '../../encoding/printable.js';
import type { ContentFacts, ReadFailure } from '../../envelope/read-failure.js';
import type { SearchTagMismatch } from '../../table/search/tag-mismatch.js';

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

const TAG_FAULTS: Readonly<Record<SearchTagMismatch['fault'], string>> = {
  missing: 'has no search tag, so searches do not find it',
  different: 'has a search tag that does not fit its value, so searches do not find it',
  leftover: 'has an old entry in the lookup table, which shows that it had the same value as others',
};

export function warnOfSearchTag({ tableName, propertyName, fault }: SearchTagMismatch): void {
  logger.warn(`a row of table ${quoted(tableName)}: ${quoted(propertyName)} ${TAG_FAULTS[fault]}: run reindex`);
}
