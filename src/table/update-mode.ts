import type { UpdateMode } from '@azure/data-tables';
import { type EntityClass, getEncryptedProperties } from '../decorators/encryption-metadata.js';
import { UnsupportedOperationError } from '../errors.js';

/** Merge would leave sealed properties behind under a content key that is no longer stored: they could never be read again. */
export function assertUpdateMode(mode: UpdateMode, entityClass: EntityClass): void {
  if (mode === 'Replace' || getEncryptedProperties(entityClass).length === 0) return;
  throw new UnsupportedOperationError(
    `Mode "Merge" cannot be used with ${entityClass.name}, which has encrypted properties: read the entity and use mode "Replace"`,
  );
}
