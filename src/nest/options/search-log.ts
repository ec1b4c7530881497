/** Warns at start-up about classes whose tags reveal much about their rows. */
import { Logger } from '@nestjs/common';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { nameOf } from '../../decorators/entity-declaration.js';
import { entityModel } from '../../table/entity-model.js';

/** The combination of several properties can identify a row, even if each value alone is common. */
const MOST_WITHOUT_WARNING = 3;
const logger = new Logger('EncryptedStorageModule');

export function warnOfSearchable(entityClass: EntityClass): void {
  const { size } = entityModel(entityClass).searchable;
  if (size <= MOST_WITHOUT_WARNING) return;
  logger.warn(
    `entity class ${nameOf(entityClass)} has ${size} searchable properties: anyone who can read the table sees which rows have equal values, and combinations identify people; keep to ${MOST_WITHOUT_WARNING}`,
  );
}
