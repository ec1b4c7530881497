/** Entities as callers pass them. They may have getters, and may change while a row is read or a key is called. */
import { isDate, isUint8Array } from 'node:util/types';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { InvalidEntityError } from '../errors/input.js';
import { isObject } from '../option-rules.js';
import type { EntityKeys, Row } from './entity-context.js';
import { withSdkKeys } from './key-names.js';
import { isEdmValue } from './stored-value.js';

/**
 * The row of an entity: a copy of what would be stored, so that what was checked and signed is what is sent. Keys have the names of
 * the SDK.
 */
export function givenEntity(entity: object, entityClass: EntityClass): Row & EntityKeys {
  if (!isObject(entity)) throw new InvalidEntityError('An entity must be an object');
  const copies = Object.entries(entity as Row).map(([name, value]) => [name, copyOf(value)] as const);
  return withSdkKeys(Object.fromEntries(copies), entityClass);
}

function copyOf(value: unknown): unknown {
  if (isUint8Array(value)) return new Uint8Array(value);
  if (isDate(value)) return new Date(value);
  return isEdmValue(value) ? { ...(value as object) } : value;
}
