/** Rejects filters on sealed properties. They would compare ciphertext, find nothing and report no error. */
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { EncryptedPropertyInFilterError } from '../../errors/input.js';
import { entityModel } from '../entity-model.js';
import { namesInFilter } from './filter-names.js';

/** Throws {@link EncryptedPropertyInFilterError} for the first sealed property, including those with `when`. */
export function assertClearFilter(entityClass: EntityClass, filter: string): void {
  for (const name of namesInFilter(filter)) assertClearName(entityClass, name);
}

export function assertClearName(entityClass: EntityClass, name: string): void {
  if (entityModel(entityClass).options.has(name)) throw new EncryptedPropertyInFilterError(name);
}
