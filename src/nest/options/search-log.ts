/** Warns at start-up about classes whose tags say much about their rows. */
import { Logger } from '@nestjs/common';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { nameOf } from '../../decorators/entity-declaration.js';
import { entityModel } from '../../table/entity-model.js';

/** Rows that are alike in several properties can be told apart by the combination, even if each alone is common. */
const MOST_WITHOUT_WARNING = 3;
const logger = new Logger('EncryptedStorageModule');

export function warnOfSearchable(entityClass: EntityClass): void {
  const { size } = entityModel(entityClass).searchable;
  if (size <= MOST_WITHOUT_WARNING) return;
  logger.warn(
    `entity class ${nameOf(entityClass)} has ${size} searchable properties: whoever reads the table sees which rows agree in each, and combinations identify people; keep to ${MOST_WITHOUT_WARNING}`,
  );
}
